package pricing;

import com.sun.net.httpserver.HttpServer;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Leaving in order: say it, go on for a moment, take no more, finish what has begun (contracts/pricing.md).
 *
 * <p>It is also what carries out requests, each on a virtual thread, and so knows how many are under way.
 */
final class Leaving implements Executor {
    private static final long NOTICE_MS = 1200;
    private static final int FINISH_S = 5;
    private static final long LOOK_MS = 50;

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final AtomicInteger underWay = new AtomicInteger();
    private volatile boolean begun = false;

    /** Whether the service was told to stop. */
    boolean hasBegun() {
        return begun;
    }

    /** Called by the server for a request of which the first bytes have arrived. */
    @Override
    public void execute(Runnable request) {
        underWay.incrementAndGet();
        threads.execute(() -> {
            try {
                request.run();
            } finally {
                underWay.decrementAndGet();
            }
        });
    }

    /** Has the process leave in order when it is told to stop, and end with status 0: by itself Java ends with 143. */
    void onStop(HttpServer server) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                leave(server);
            } catch (InterruptedException hurried) {
                // then at once
            }
            Runtime.getRuntime().halt(0);
        }));
    }

    private void leave(HttpServer server) throws InterruptedException {
        begun = true;
        Thread.sleep(NOTICE_MS);
        // stop() takes no more connections from now on, but may wait to its end although nothing is under way
        // (JDK-8304065): so it waits beside us, and we look ourselves.
        Thread.ofPlatform().daemon().start(() -> server.stop(FINISH_S));
        long end = System.nanoTime() + FINISH_S * 1_000_000_000L;
        do {
            Thread.sleep(LOOK_MS);
        } while (underWay.get() > 0 && System.nanoTime() < end);
    }
}
