package pricing;

import java.util.Map;

/** A problem detail (RFC 9457), the one shape of every answer that is not a success. Thrown, it ends a question. */
final class Problem extends Exception {
    private static final Map<Integer, String> TITLES = Map.of(
            404, "Not Found",
            405, "Method Not Allowed",
            422, "Unprocessable Content",
            503, "Service Unavailable");

    private final int status;

    /** {@code detail} is one sentence for whoever reads the answer. */
    Problem(int status, String detail) {
        super(detail);
        this.status = status;
    }

    Answer answer() {
        String body = Json.write(
                "type", "about:blank",
                "title", TITLES.get(status),
                "status", status,
                "detail", getMessage());
        return new Answer(status, "application/problem+json", body);
    }
}
