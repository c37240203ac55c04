import java.util.ArrayList;
import java.util.List;
import java.util.logging.LogManager;

/**
 * Does what can be counted by hand: {@code Profiled <rounds> <threads> [wait]}. Each count of the profile follows from the
 * rounds and threads, which the suite checks.
 */
public final class Profiled {
    interface Shape {
        int area(int factor);
    }

    record Square(int side) implements Shape {
        @Override
        public int area(int factor) {
            return side * side * factor;
        }
    }

    record Strip(int length) implements Shape {
        @Override
        public int area(int factor) {
            return length + factor;
        }
    }

    record Dot(String name) implements Shape {
        @Override
        public int area(int factor) {
            return name.length();
        }
    }

    static final class Plain {
        private final int number;

        Plain(int number) {
            this.number = number;
        }

        /** Does not look at its object. */
        int silent(int i) {
            sink = i;
            sink = i + 1;
            return 17;
        }
    }

    static volatile int sink;

    public static void main(String[] arguments) throws InterruptedException {
        // Logging has a shutdown hook of its own, beside that of the profile.
        LogManager.getLogManager();
        int rounds = Integer.parseInt(arguments[0]);
        int threads = Integer.parseInt(arguments[1]);
        List<Thread> running = new ArrayList<>();
        long[] results = new long[threads];
        for (int i = 0; i < threads; i++) {
            int number = i;
            Thread thread = new Thread(() -> results[number] = work(rounds));
            running.add(thread);
            thread.start();
        }
        long sum = 0;
        for (int i = 0; i < threads; i++) {
            running.get(i).join();
            sum += results[i];
        }
        System.out.println("result " + sum);
        if (arguments.length > 2) {
            System.out.println("waiting");
            Thread.sleep(60_000);
        }
    }

    static long work(int rounds) {
        Shape[] shapes = {new Square(3), new Strip(4), new Dot("abc"), new Square(5)};
        Shape often = shapes[0];
        Shape[] mostly = {often, often, often, often, often, often, often, often, often, often,
            often, often, often, often, often, often, often, often, often, shapes[2]};
        Plain plain = new Plain(rounds);
        Plain[] plains = {plain, plain, plain, plain, plain, plain, plain, null};
        long sum = 0;
        for (int i = 0; i < rounds; i++) {
            sum += third(i);
            sum += letter("xyzzy".charAt(i % 5));
            sum += area(shapes[i & 3], i);
            sum += kind(i % 10 == 0 ? null : shapes[i & 1]);
            sum += not(i % 4 != 0, i);
            sum += locked(shapes, i);
            sum += usual(mostly[i % 20], i);
            sum += called(plains[i & 7], i);
        }
        return sum + plain.number;
    }

    /** Taken in one of three rounds. */
    static int third(int i) {
        if (i % 3 == 0) {
            sink = i;
            return 7;
        }
        sink = -i;
        return 1;
    }

    /** x and z share a target. */
    static int letter(char letter) {
        switch (letter) {
            case 'x':
            case 'z':
                sink = 1;
                return 10;
            case 'y':
                sink = 2;
                return 20;
            case 'w':
                sink = 3;
                return 30;
            default:
                return 0;
        }
    }

    /** Half squares, a quarter strips, a quarter dots. */
    static int area(Shape shape, int i) {
        return shape.area(i & 7);
    }

    /** Squares but for one dot of twenty: worth a check, which sometimes fails. */
    static int usual(Shape shape, int i) {
        return shape.area(i & 3);
    }

    /** One of eight is null, and fails though the method would not notice. */
    static int called(Plain plain, int i) {
        try {
            return plain.silent(i);
        } catch (NullPointerException absent) {
            sink = -i;
            return 19;
        }
    }

    /** One of ten is null; the others are squares in even rounds and strips in odd ones. */
    static int kind(Shape shape) {
        if (shape instanceof Square) {
            sink = 5;
            return 2;
        }
        sink = 6;
        return 3;
    }

    /** A condition that is a boolean. */
    static int not(boolean flag, int i) {
        if (!flag) {
            sink = i;
            return 11;
        }
        sink = i + 1;
        return 13;
    }

    static int locked(Object lock, int i) {
        synchronized (lock) {
            sink = i;
            return 1;
        }
    }
}
