package pricing;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** A status, and the JSON that is sent with it. */
record Answer(int status, String mediaType, String body) {
    private static final int NO_BODY = -1;

    /** A success, with these fields: name, value, name, value. */
    static Answer ok(Object... fields) {
        return new Answer(200, "application/json", Json.write(fields));
    }

    /** Sends it, with the request's id; the connection stays open. */
    void send(HttpExchange exchange, String id) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.US_ASCII);
        try (exchange) {
            exchange.getResponseHeaders().set(Log.HEADER, id);
            exchange.getResponseHeaders().set("Content-Type", mediaType);
            if (exchange.getRequestMethod().equals("HEAD")) {
                exchange.sendResponseHeaders(status, NO_BODY);
            } else {
                exchange.sendResponseHeaders(status, bytes.length);
                exchange.getResponseBody().write(bytes);
            }
        }
    }
}
