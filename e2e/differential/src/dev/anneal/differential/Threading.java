package dev.anneal.differential;

import static dev.anneal.differential.Out.say;

import java.util.ArrayList;
import java.util.List;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.RecursiveTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Many things at once. */
final class Threading {
    private Threading() {
    }

    private static final class Sum extends RecursiveTask<Long> {
        private static final long serialVersionUID = 1L;
        private final long from;
        private final long to;

        Sum(long from, long to) {
            this.from = from;
            this.to = to;
        }

        @Override
        protected Long compute() {
            if (to - from < 1000) {
                return LongStream.range(from, to).sum();
            }
            Sum left = new Sum(from, (from + to) / 2);
            left.fork();
            return new Sum((from + to) / 2, to).compute() + left.join();
        }
    }

    static void list(Catalog catalog) {
        catalog.add("pools", () -> {
            try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
                List<Future<Integer>> all = pool.invokeAll(IntStream.range(0, 8).<Callable<Integer>>mapToObj(n -> () -> n * n).toList());
                for (Future<Integer> one : all) {
                    say(one.get());
                }
                Future<?> failing = pool.submit(() -> {
                    throw new IllegalStateException("in the pool");
                });
                failing.get();
            } catch (ExecutionException failed) {
                say(failed.getCause());
            }
        }).add("virtualThreads", () -> {
            AtomicLong sum = new AtomicLong();
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int n = 0; n < 10_000; n++) {
                    int own = n;
                    threads.submit(() -> {
                        Thread.sleep(own % 3);
                        return sum.addAndGet(own);
                    });
                }
            }
            say(sum);
            Thread one = Thread.ofVirtual().name("named").start(() -> say(Thread.currentThread().isVirtual() + Thread.currentThread().getName()));
            one.join();
        }).add("threadLocals", () -> {
            ThreadLocal<String> local = ThreadLocal.withInitial(() -> "initial");
            InheritableThreadLocal<String> inherited = new InheritableThreadLocal<>();
            local.set("changed");
            inherited.set("inherited");
            Thread other = new Thread(() -> say(local.get() + " " + inherited.get()));
            other.start();
            other.join();
            say(local.get());
        }).add("scopedValues", () -> {
            ScopedValue<String> value = ScopedValue.newInstance();
            ScopedValue.where(value, "outer").run(() -> {
                say(value.get());
                ScopedValue.where(value, "inner").run(() -> say(value.get()));
                say(value.get());
            });
            say(value.isBound());
        }).add("interrupts", () -> {
            CountDownLatch asleep = new CountDownLatch(1);
            Thread sleeper = new Thread(() -> {
                try {
                    asleep.countDown();
                    Thread.sleep(600_000);
                } catch (InterruptedException interrupted) {
                    say("interrupted " + Thread.currentThread().isInterrupted());
                }
            });
            sleeper.start();
            asleep.await();
            sleeper.interrupt();
            sleeper.join();
        }).add("forkJoin", () -> {
            say(ForkJoinPool.commonPool().invoke(new Sum(0, 1_000_000)));
            say(IntStream.range(0, 100_000).parallel().filter(n -> n % 7 == 0).mapToLong(n -> n).sum());
            say(List.of(3, 1, 2).parallelStream().sorted().toList());
        }).add("locks", () -> {
            ReentrantLock lock = new ReentrantLock();
            Condition changed = lock.newCondition();
            List<Integer> buffer = new ArrayList<>();
            Thread producer = new Thread(() -> {
                for (int n = 0; n < 1000; n++) {
                    lock.lock();
                    buffer.add(n);
                    changed.signal();
                    lock.unlock();
                }
            });
            producer.start();
            long sum = 0;
            for (int taken = 0; taken < 1000; ) {
                lock.lock();
                while (buffer.isEmpty()) {
                    changed.await();
                }
                for (int one : buffer) {
                    sum += one;
                    taken++;
                }
                buffer.clear();
                lock.unlock();
            }
            say(sum);
            Semaphore semaphore = new Semaphore(1);
            say(semaphore.tryAcquire() + " " + semaphore.tryAcquire(1, TimeUnit.MILLISECONDS));
        }).add("monitors", () -> {
            long[] count = new long[1];
            Thread[] all = new Thread[8];
            for (int n = 0; n < all.length; n++) {
                all[n] = new Thread(() -> {
                    for (int step = 0; step < 20_000; step++) {
                        synchronized (count) {
                            count[0]++;
                        }
                    }
                });
                all[n].start();
            }
            for (Thread one : all) {
                one.join();
            }
            say(count[0]);
            try {
                count.notify();
            } catch (IllegalMonitorStateException refused) {
                say("not the owner");
            }
        }).add("futures", () -> {
            CompletableFuture<Integer> one = CompletableFuture.supplyAsync(() -> 20);
            say(one.thenCombine(CompletableFuture.supplyAsync(() -> 22), Integer::sum).get());
            say(CompletableFuture.supplyAsync(() -> 1 / zero()).exceptionally(thrown -> -1).get());
            try {
                new CompletableFuture<Void>().get(1, TimeUnit.MILLISECONDS);
            } catch (TimeoutException late) {
                say("late");
            }
        }).add("timers", () -> {
            CountDownLatch ticks = new CountDownLatch(3);
            Timer timer = new Timer("timer", true);
            timer.schedule(new TimerTask() {
                @Override
                public void run() {
                    ticks.countDown();
                }
            }, 0, 1);
            say(ticks.await(60, TimeUnit.SECONDS));
        }).add("concurrentMaps", () -> {
            ConcurrentHashMap<Integer, Integer> map = new ConcurrentHashMap<>();
            IntStream.range(0, 10_000).parallel().forEach(n -> map.merge(n % 10, 1, Integer::sum));
            say(map);
            say(map.reduceValuesToLong(1, n -> n, 0, Long::sum));
        });
    }

    private static int zero() {
        return 0;
    }
}
