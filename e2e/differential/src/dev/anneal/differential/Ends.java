package dev.anneal.differential;

import static dev.anneal.differential.Out.say;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import sun.misc.Signal;

/** How programs end, and who hears of it. Standard error and the status count. */
@SuppressWarnings("removal")
final class Ends {
    private Ends() {
    }

    private static int deep(int depth) {
        return depth > 1_000_000_000 ? depth : deep(depth + 1) + 1;
    }

    static void list(Catalog catalog) {
        catalog.add("exit", () -> {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> say("hook")));
            say("before");
            System.exit(3);
        }).add("halt", () -> {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> say("never")));
            say("before");
            System.out.flush();
            Runtime.getRuntime().halt(4);
        }).add("uncaught", () -> {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> say("hook")));
            throw new IllegalStateException("on purpose", new RuntimeException("cause"));
        }).add("uncaughtElsewhere", () -> {
            Thread other = new Thread(() -> {
                throw new IllegalArgumentException("elsewhere");
            }, "other");
            other.start();
            other.join();
            say("goes on");
        }).add("uncaughtHandled", () -> {
            Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> say(thread.getName() + " " + thrown));
            Thread other = new Thread(() -> {
                throw new IllegalArgumentException("handled");
            }, "other");
            other.start();
            other.join();
        }).add("daemon", () -> {
            Thread daemon = new Thread(() -> {
                try {
                    Thread.sleep(600_000);
                } catch (InterruptedException interrupted) {
                    say("never");
                }
            });
            daemon.setDaemon(true);
            daemon.start();
            say("ends");
        }).add("stackOverflow", () -> {
            try {
                deep(0);
            } catch (StackOverflowError deep) {
                say("deep enough");
            }
            say(deep(999_999_990));
        }).add("outOfMemory", "-Xmx64m", () -> {
            try {
                long[][] rows = new long[1000][];
                for (int row = 0; row < rows.length; row++) {
                    rows[row] = new long[1 << 20];
                }
                say("room for " + rows.length);
            } catch (OutOfMemoryError full) {
                say("full");
            }
            say(new byte[1 << 20].length);
        }).add("terminated", "signal=TERM", () -> {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> say("hook")));
            say("ready");
            new CountDownLatch(1).await();
        }).add("interrupted", "signal=INT", () -> {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> say("hook")));
            say("ready");
            new CountDownLatch(1).await();
        }).add("signalHandled", "signal=USR2", () -> {
            CountDownLatch heard = new CountDownLatch(1);
            Signal.handle(new Signal("USR2"), signal -> {
                say(signal + " " + signal.getNumber());
                heard.countDown();
            });
            say("ready");
            say(heard.await(60, TimeUnit.SECONDS));
        }).add("signalRaised", () -> {
            CountDownLatch heard = new CountDownLatch(2);
            Signal.handle(new Signal("HUP"), signal -> heard.countDown());
            Signal.raise(new Signal("HUP"));
            while (heard.getCount() > 1) {
                Thread.onSpinWait();
            }
            Signal.raise(new Signal("HUP"));
            say(heard.await(60, TimeUnit.SECONDS));
            try {
                Signal.handle(new Signal("KILL"), signal -> { });
            } catch (IllegalArgumentException refused) {
                say(refused.getMessage());
            }
        });
    }
}
