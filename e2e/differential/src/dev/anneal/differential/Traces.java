package dev.anneal.differential;

import static dev.anneal.differential.Out.say;

import java.util.List;
import java.util.function.Supplier;

/** What programs see of their own stack. */
final class Traces {
    private Traces() {
    }

    private static void own(Throwable thrown) {
        for (StackTraceElement frame : thrown.getStackTrace()) {
            if (frame.getClassName().startsWith("dev.anneal.differential.Traces") && !frame.getMethodName().startsWith("lambda$")) {
                say(frame.getClassName() + " " + frame.getMethodName() + " " + frame.getFileName() + " " + frame.getLineNumber());
            }
        }
    }

    private static void outer(int depth) {
        if (depth > 0) {
            outer(depth - 1);
        } else {
            throw new IllegalStateException("deep");
        }
    }

    static void list(Catalog catalog) {
        catalog.add("traces", () -> {
            try {
                outer(2);
            } catch (IllegalStateException thrown) {
                own(thrown);
            }
        }).add("causes", () -> {
            try {
                try {
                    outer(0);
                } catch (IllegalStateException cause) {
                    RuntimeException wrapped = new RuntimeException("wrapped", cause);
                    wrapped.addSuppressed(new IllegalArgumentException("suppressed"));
                    throw wrapped;
                }
            } catch (RuntimeException thrown) {
                say(thrown + " " + thrown.getCause() + " " + thrown.getSuppressed()[0]);
                own(thrown.getCause());
            }
        }).add("closing", () -> {
            try (AutoCloseable first = () -> {
                throw new IllegalStateException("closing");
            }) {
                throw new IllegalArgumentException(first == null ? "" : "body");
            } catch (Exception thrown) {
                say(thrown + " " + List.of(thrown.getSuppressed()));
            }
        }).add("implicit", () -> {
            for (Supplier<?> one : List.<Supplier<?>>of(() -> ((Object) "text").hashCode() / (int) Long.numberOfTrailingZeros(1),
                    () -> new int[2][3].clone()[List.of(5).getFirst()], () -> (Integer) (Object) "text", () -> new int[-1 * List.of(1).size()],
                    () -> ((String) (Object) List.of().stream().findFirst().orElse(null)).length())) {
                try {
                    say(one.get());
                } catch (RuntimeException thrown) {
                    say(thrown);
                }
            }
            try {
                Object[] strings = new String[1];
                strings[0] = 1;
            } catch (ArrayStoreException thrown) {
                say(thrown.getMessage());
            }
        }).add("walker", () -> {
            walk();
        }).add("callers", () -> {
            say(StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE).walk(frames -> frames.map(StackWalker.StackFrame::getDeclaringClass)
                    .filter(type -> type.getName().startsWith("dev.anneal")).map(Class::getSimpleName).distinct().toList()));
            say(Thread.currentThread().getStackTrace().length > 2);
        }).add("printed", "errors", () -> {
            try {
                outer(1);
            } catch (IllegalStateException thrown) {
                System.err.println(thrown);
            }
        });
    }

    private static void walk() {
        StackWalker.getInstance().forEach(frame -> {
            if (frame.getClassName().startsWith("dev.anneal") && !frame.getMethodName().startsWith("lambda$")) {
                say(frame.getMethodName() + " " + frame.getLineNumber());
            }
        });
    }
}
