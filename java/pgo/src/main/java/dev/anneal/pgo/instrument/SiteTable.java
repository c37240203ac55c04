package dev.anneal.pgo.instrument;

import dev.anneal.pgo.profile.Context;
import dev.anneal.pgo.profile.MethodName;
import dev.anneal.pgo.profile.Section;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The counters of a build: where each place of the program has its cells. Graphs are compiled in several threads. */
public final class SiteTable {
    private final TreeMap<Key, Site> sites = new TreeMap<>();
    private final Set<MethodName> methods = new TreeSet<>();
    private final Map<Integer, String> types = new HashMap<>();
    private int cells;

    /** The cells of a branch or a switch: one for each successor; the same place has the same cells in every copy. */
    synchronized Site branches(Context context, int[] targets, int[] successors) {
        return site(Section.CONDITIONS, context, targets, successors, 1 + Arrays.stream(successors).max().orElse(0));
    }

    synchronized Site calls(Context context) {
        return site(Section.CALLS, context, new int[0], new int[0], 1);
    }

    /** The cells of a place where types are counted, which are those of a range of numbers or of any. */
    synchronized Site types(Section section, Context context, TypeRange range) {
        return site(section, context, new int[] {range.first(), range.size()}, new int[0], range.cells());
    }

    synchronized void name(int typeNumber, String name) {
        types.put(typeNumber, name);
    }

    int cells() {
        return cells;
    }

    /** In the order of the file. */
    Iterable<Map.Entry<Key, Site>> sites() {
        return sites.entrySet();
    }

    Iterable<MethodName> methods() {
        return methods;
    }

    Map<Integer, String> types() {
        return types;
    }

    private Site site(Section section, Context context, int[] shape, int[] successors, int size) {
        Key key = new Key(section, context, numbers(shape), numbers(successors));
        Site site = sites.get(key);
        if (site == null) {
            site = new Site(cells, shape, successors);
            sites.put(key, site);
            cells = Math.addExact(cells, size);
            context.frames().forEach(frame -> methods.add(frame.method()));
        }
        return site;
    }

    /** A place; copies of it that the compiler has given another form are told apart. */
    record Key(Section section, Context context, List<Integer> shape, List<Integer> successors) implements Comparable<Key> {
        private static final Comparator<Key> ORDER = Comparator.comparing(Key::section).thenComparing(Key::context)
                .thenComparing(Key::shape, SiteTable::compare).thenComparing(Key::successors, SiteTable::compare);

        @Override
        public int compareTo(Key other) {
            return ORDER.compare(this, other);
        }
    }

    private static List<Integer> numbers(int[] numbers) {
        return Arrays.stream(numbers).boxed().toList();
    }

    private static int compare(List<Integer> one, List<Integer> other) {
        return Arrays.compare(one.toArray(Integer[]::new), other.toArray(Integer[]::new));
    }

    /** The first cell, and what the cells stand for. */
    record Site(int cell, int[] shape, int[] successors) {
    }
}
