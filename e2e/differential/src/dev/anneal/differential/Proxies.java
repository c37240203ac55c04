package dev.anneal.differential;

import static dev.anneal.differential.Out.say;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** Classes that are made while the program runs. */
final class Proxies {
    private Proxies() {
    }

    interface Named {
        String name();

        default String title() {
            return "Mx. " + name();
        }
    }

    interface Counted {
        int count(String what) throws java.io.IOException;
    }

    static void list(Catalog catalog) {
        catalog.add("proxy", () -> {
            InvocationHandler handler = (proxy, method, given) -> switch (method.getName()) {
                case "name" -> "Ada";
                case "title" -> "Dr. Ada";
                case "count" -> ((String) given[0]).length();
                case "hashCode" -> 7;
                case "toString" -> "a proxy";
                default -> given != null && given[0] == proxy;
            };
            Object proxy = Proxy.newProxyInstance(Proxies.class.getClassLoader(), new Class<?>[] {Named.class, Counted.class}, handler);
            say(((Named) proxy).title() + " " + ((Counted) proxy).count("four") + " " + proxy + " " + proxy.hashCode() + proxy.equals(proxy));
            say(Proxy.isProxyClass(proxy.getClass()) + " " + (Proxy.getInvocationHandler(proxy) == handler));
        }).add("proxyDefault", () -> {
            Named named = (Named) Proxy.newProxyInstance(Proxies.class.getClassLoader(), new Class<?>[] {Named.class},
                    (proxy, method, given) -> method.isDefault() ? InvocationHandler.invokeDefault(proxy, method) : "Grace");
            say(named.title());
        }).add("proxyThrows", () -> {
            Counted counted = (Counted) Proxy.newProxyInstance(Proxies.class.getClassLoader(), new Class<?>[] {Counted.class},
                    (proxy, method, given) -> {
                        throw given[0].equals("checked") ? new java.io.IOException("declared") : new Exception("undeclared");
                    });
            for (String what : List.of("checked", "other")) {
                try {
                    counted.count(what);
                } catch (Exception thrown) {
                    say(thrown.getClass().getName() + " " + thrown.getMessage() + " " + thrown.getCause());
                }
            }
        }).add("proxyClassCast", () -> {
            Object proxy = Proxy.newProxyInstance(Proxies.class.getClassLoader(), new Class<?>[] {Named.class}, (self, method, given) -> null);
            say(proxy instanceof Named);
            say(((Named) proxy).name());
            try {
                say(((Counted) proxy).count(""));
            } catch (ClassCastException wrong) {
                say("not counted");
            }
        }).add("lambdas", () -> {
            int captured = 5;
            List<Supplier<Integer>> all = new ArrayList<>();
            for (int index = 0; index < 3; index++) {
                int own = index;
                all.add(() -> own * captured);
            }
            say(all.stream().map(Supplier::get).toList());
            Function<Integer, Function<Integer, Integer>> curried = a -> b -> a * 10 + b;
            say(curried.apply(4).apply(2));
            Runnable recursive = new Runnable() {
                private int depth;

                @Override
                public void run() {
                    if (depth++ < 3) {
                        run();
                    } else {
                        say("depth " + depth);
                    }
                }
            };
            recursive.run();
        }).add("methodReferences", () -> {
            IntFunction<String[]> maker = String[]::new;
            BiFunction<String, Integer, Character> at = String::charAt;
            Supplier<List<String>> fresh = ArrayList::new;
            Function<Object, String> text = Object::toString;
            say(maker.apply(3).length + " " + at.apply("abc", 1) + " " + fresh.get() + " " + text.apply(12));
            say(IntStream.range(0, 4).mapToObj(Integer::toString).reduce("", String::concat));
        });
    }
}
