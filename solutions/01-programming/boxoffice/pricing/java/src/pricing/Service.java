package pricing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** Answers questions about one price list: cents a seat, by event. */
final class Service implements HttpHandler {
    private static final String PRICES = "/prices/";

    private final Map<String, Long> prices;
    private final BooleanSupplier isLeaving;

    Service(Map<String, Long> prices, BooleanSupplier isLeaving) {
        this.prices = prices;
        this.isLeaving = isLeaving;
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException {
        long start = System.nanoTime();
        String id = Log.requestId(exchange);
        Answer answer = answer(exchange);
        answer.send(exchange, id);
        Log.request(exchange, id, answer.status(), System.nanoTime() - start);
    }

    private Answer answer(HttpExchange exchange) throws IOException {
        try {
            return route(exchange);
        } catch (Problem problem) {
            return problem.answer();
        }
    }

    /** Finds what a path stands for. */
    private Answer route(HttpExchange exchange) throws Problem, IOException {
        String path = exchange.getRequestURI().getPath();
        String event = path.startsWith(PRICES) ? path.substring(PRICES.length()) : "";
        if (path.equals("/quotes")) {
            only("POST", exchange);
            return quote(Booking.read(exchange.getRequestBody().readAllBytes()));
        }
        if (!event.isEmpty() && !event.contains("/")) {
            only("GET", exchange);
            return quote(new Booking(Booking.name(event), 1));
        }
        if (path.equals("/healthz")) {
            only("GET", exchange);
            return Answer.ok("status", "ok"); // the process serves
        }
        if (path.equals("/readyz")) {
            only("GET", exchange);
            return ready();
        }
        throw new Problem(404, "There is nothing at this path.");
    }

    /** Pricing asks nobody, so it is ready from when it serves until it is told to stop. */
    private Answer ready() throws Problem {
        if (isLeaving.getAsBoolean()) {
            throw new Problem(503, "This one is about to stop: ask another.");
        }
        return Answer.ok("status", "ready");
    }

    private static void only(String method, HttpExchange exchange) throws Problem {
        if (!exchange.getRequestMethod().equals(method)) {
            throw new Problem(405, "Ask by " + method + ".");
        }
    }

    private Answer quote(Booking booking) throws Problem {
        Long priceCents = prices.get(booking.event());
        if (priceCents == null) {
            throw new Problem(404, "There is no price for " + booking.event() + ".");
        }
        Tariff amounts = Tariff.of(priceCents, booking.seats());
        return Answer.ok(
                "event", booking.event(),
                "seats", booking.seats(),
                "listed_cents", amounts.listedCents(),
                "discount_cents", amounts.discountCents(),
                "fee_cents", amounts.feeCents(),
                "total_cents", amounts.totalCents());
    }
}
