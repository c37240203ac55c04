package probe;

import java.io.InputStream;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** A program that reaches things by name and branches in known ways; the tests run it as an executable. */
public final class Probe {
    private Probe() {
    }

    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "constants" -> constants();
            case "names" -> names();
            case "resource" -> System.out.println(read("/probe/data.txt"));
            case "counts" -> counts();
            case "echo" -> System.out.println(String.join("|", arguments) + "|" + System.getProperty("probe.value"));
            case "exit" -> System.exit(7);
            case "throw" -> throw new IllegalStateException("thrown");
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    /** Look-ups whose arguments are constants: an executable needs no metadata for them. */
    private static void constants() throws Exception {
        Object target = Class.forName("probe.Probe$Target").getDeclaredConstructor().newInstance();
        Method method = Target.class.getMethod("join", String.class, int.class);
        Field field = Target.class.getDeclaredField("text");
        System.out.println(method.invoke(target, "a", 1) + " " + field.get(target));
    }

    /** The same by names that no compiler can know, and a proxy. */
    private static void names() throws Exception {
        String suffix = System.getProperty("probe.suffix", "Target");
        Class<?> type = Class.forName(Probe.class.getName() + "$" + suffix);
        Object target = type.getDeclaredConstructor().newInstance();
        StringBuilder out = new StringBuilder();
        for (Method method : type.getDeclaredMethods()) {
            if (method.getName().equals("join")) {
                out.append(method.invoke(target, "b", 2));
            }
        }
        Field field = type.getDeclaredField(suffix.equals("Target") ? "text" : "none");
        field.set(target, "written");
        Object proxy = Proxy.newProxyInstance(Probe.class.getClassLoader(), new Class<?>[] {Supplier.class},
                (self, method, values) -> "proxied");
        System.out.println(out + " " + field.get(target) + " " + ((Supplier<?>) proxy).get());
    }

    private static String read(String name) throws Exception {
        try (InputStream in = Probe.class.getResourceAsStream(name)) {
            return in == null ? "no resource" : new String(in.readAllBytes()).trim();
        }
    }

    private static void counts() throws Exception {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Thread thread = new Thread(() -> work(100_000));
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static long work(int rounds) {
        Target[] targets = {new Target(), new Other()};
        long sum = 0;
        for (int i = 0; i < rounds; i++) {
            sum += choose(i % 5);
            sum += targets[i % 4 == 0 ? 1 : 0].value();
            synchronized (targets) {
                sum++;
            }
        }
        return sum;
    }

    private static int choose(int key) {
        switch (key) {
            case 0:
            case 1:
                return 10;
            case 2:
                return 20;
            default:
                return 30;
        }
    }

    /** Reached by name. */
    public static class Target {
        String text = "field";

        public String join(String text, int number) {
            return text + number;
        }

        long value() {
            return 1;
        }
    }

    /** The rarer receiver. */
    public static final class Other extends Target {
        @Override
        long value() {
            return 2;
        }
    }
}
