package pricing;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;

/** Asks the pricing that runs here whether it is ready: status 0 if it is, else 1. */
public final class Probe {
    private static final String READY = "http://127.0.0.1:8000/readyz";
    private static final int PATIENCE_MS = 2000;

    public static void main(String[] arguments) throws IOException {
        var asked = (HttpURLConnection) URI.create(READY).toURL().openConnection(Proxy.NO_PROXY);
        asked.setConnectTimeout(PATIENCE_MS);
        asked.setReadTimeout(PATIENCE_MS);
        System.exit(asked.getResponseCode() == 200 ? 0 : 1);
    }
}
