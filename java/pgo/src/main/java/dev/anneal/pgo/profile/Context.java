package dev.anneal.pgo.profile;

import java.util.Collections;
import java.util.List;

/** A place in a program: the profiled frame first, then its callers up to the method that was compiled. */
public record Context(List<Frame> frames) implements Comparable<Context> {
    /** The dummy of entries that belong to no place. */
    public static final Context NONE = new Context(List.of());

    public Context {
        frames = List.copyOf(frames);
    }

    /** The frame that is profiled. */
    public Frame leaf() {
        return frames.getFirst();
    }

    /** The method that was compiled. */
    public MethodName root() {
        return frames.getLast().method();
    }

    /** The same place without its outer callers. */
    public Context inner(int depth) {
        return depth == frames.size() ? this : new Context(frames.subList(0, depth));
    }

    @Override
    public int compareTo(Context other) {
        // Outer frames first: what was compiled together stands together.
        for (int i = 1; i <= Math.min(frames.size(), other.frames.size()); i++) {
            int order = frames.get(frames.size() - i).compareTo(other.frames.get(other.frames.size() - i));
            if (order != 0) {
                return order;
            }
        }
        return Integer.compare(frames.size(), other.frames.size());
    }

    /** A method and a place in its bytecode. */
    public record Frame(MethodName method, int bci) implements Comparable<Frame> {
        @Override
        public int compareTo(Frame other) {
            int order = method.compareTo(other.method);
            return order != 0 ? order : Integer.compare(bci, other.bci);
        }
    }

    /** The place where a method that was compiled by itself is entered. */
    public static Context entry(MethodName method) {
        return new Context(Collections.singletonList(new Frame(method, 0)));
    }
}
