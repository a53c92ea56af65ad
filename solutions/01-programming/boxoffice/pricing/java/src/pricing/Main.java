package pricing;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;

/**
 * Pricing says what seats cost in the end. What it promises stands in contracts/pricing.md.
 *
 * <p>It keeps nothing: an answer hangs on the question and on the price list alone.
 */
public final class Main {
    private static final int PORT = 8000;
    private static final int DEFAULT_BACKLOG = 0;

    public static void main(String[] arguments) throws IOException {
        Leaving leaving = new Leaving();
        Service service = new Service(prices(), leaving::hasBegun);
        HttpServer server = HttpServer.create(new InetSocketAddress(PORT), DEFAULT_BACKLOG); // on all addresses
        server.createContext("/", service);
        server.setExecutor(leaving);
        leaving.onStop(server);
        server.start();
    }

    private static Map<String, Long> prices() {
        try {
            return Prices.read(System.getenv("PRICES"));
        } catch (IllegalArgumentException wrong) {
            System.err.println("pricing does not run: " + wrong.getMessage());
            System.exit(1);
            throw wrong; // for the compiler, which does not know that exit() does not return
        }
    }
}
