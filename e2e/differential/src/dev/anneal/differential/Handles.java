package dev.anneal.differential;

import static dev.anneal.differential.Out.name;
import static dev.anneal.differential.Out.say;

import java.lang.invoke.LambdaMetafactory;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.util.Comparator;
import java.util.function.Supplier;

/** Method and variable handles. */
final class Handles {
    private Handles() {
    }

    private volatile int number = 1;
    private static long total = 40;

    private String greet(String whom) {
        return "hello " + whom;
    }

    static int twice(int given) {
        return 2 * given;
    }

    static String text() {
        return "from a handle";
    }

    static void list(Catalog catalog) {
        catalog.add("handles", () -> {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            MethodHandle twice = lookup.findStatic(Handles.class, name("twi", "ce"), MethodType.methodType(int.class, int.class));
            say((int) twice.invokeExact(21));
            MethodHandle greet = lookup.findVirtual(Handles.class, name("gre", "et"), MethodType.methodType(String.class, String.class));
            say((String) greet.invokeExact(new Handles(), "you"));
            say(MethodHandles.filterReturnValue(twice, twice).invoke(2));
            say(lookup.findVirtual(String.class, name("len", "gth"), MethodType.methodType(int.class)).invoke("four"));
            say(greet.type());
        }).add("varHandles", () -> {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            VarHandle number = lookup.findVarHandle(Handles.class, name("num", "ber"), int.class);
            Handles one = new Handles();
            say(number.compareAndSet(one, 1, 5) + " " + (int) number.getAndAdd(one, 3) + " " + one.number);
            VarHandle total = lookup.findStaticVarHandle(Handles.class, name("tot", "al"), long.class);
            total.setVolatile(42L);
            say((long) total.getVolatile());
            int[] array = {1, 2, 3};
            VarHandle element = MethodHandles.arrayElementVarHandle(int[].class);
            element.setOpaque(array, 1, 9);
            say(array[1]);
        }).add("unreflect", () -> {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            say(lookup.unreflect(Handles.class.getDeclaredMethod(name("twi", "ce"), int.class)).invoke(4));
            say(lookup.unreflectGetter(Handles.class.getDeclaredField(name("num", "ber"))).invoke(new Handles()));
            say(lookup.findConstructor(StringBuilder.class, MethodType.methodType(void.class, String.class)).invoke("built"));
        }).add("metafactory", () -> {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            MethodHandle text = lookup.findStatic(Handles.class, "text", MethodType.methodType(String.class));
            Supplier<?> supplier = (Supplier<?>) LambdaMetafactory.metafactory(lookup, "get", MethodType.methodType(Supplier.class),
                    MethodType.methodType(Object.class), text, MethodType.methodType(String.class)).getTarget().invoke();
            say(supplier.get());
        }).add("handleProxies", () -> {
            MethodHandle compare = MethodHandles.lookup().findStatic(Integer.class, "compare",
                    MethodType.methodType(int.class, int.class, int.class));
            Comparator<?> comparator = MethodHandleProxies.asInterfaceInstance(Comparator.class,
                    compare.asType(MethodType.methodType(int.class, Object.class, Object.class)));
            say(compareOf(comparator));
        }).add("patterns", () -> {
            for (Object one : new Object[] {1, "two", 3L, new int[] {4}, Thread.State.NEW, null}) {
                say(switch (one) {
                    case null -> "null";
                    case Integer small when small < 2 -> "small " + small;
                    case String text -> "text " + text.length();
                    case Long big -> "long " + big;
                    case Thread.State state -> "state " + state;
                    default -> one.getClass().getSimpleName();
                });
            }
        });
    }

    @SuppressWarnings("unchecked")
    private static int compareOf(Comparator<?> comparator) {
        return ((Comparator<Object>) comparator).compare(3, 2);
    }
}
