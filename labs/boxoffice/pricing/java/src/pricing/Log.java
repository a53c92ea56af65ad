package pricing;

import com.sun.net.httpserver.HttpExchange;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;

/** One JSON object on a line of stdout for each request, but for probes. */
final class Log {
    static final String HEADER = "X-Request-ID";

    private static final Pattern KEPT = Pattern.compile("[A-Za-z0-9_.:-]{1,100}");
    private static final Set<String> PROBES = Set.of("/healthz", "/readyz");
    private static final DateTimeFormatter AT = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSxxx");

    private Log() {}

    /** The id that came with the request, or a new one. */
    static String requestId(HttpExchange exchange) {
        String given = exchange.getRequestHeaders().getFirst(HEADER);
        boolean isKept = given != null && KEPT.matcher(given).matches();
        return isKept ? given : UUID.randomUUID().toString().replace("-", "");
    }

    /** Logs a request whose answer is complete. */
    static void request(HttpExchange exchange, String id, int status, long nanoseconds) {
        String path = exchange.getRequestURI().getPath();
        if (PROBES.contains(path)) {
            return;
        }
        System.out.println(Json.write(
                "at", AT.format(OffsetDateTime.now(ZoneOffset.UTC)),
                "level", "info",
                "service", "pricing",
                "request_id", id,
                "message", exchange.getRequestMethod() + " " + path,
                "status", status,
                "seconds", Math.round(nanoseconds / 1e5) / 1e4));
    }
}
