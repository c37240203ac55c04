package dev.anneal.pgo.profile;

import java.util.TreeMap;

/** How often a branch or a switch went where. */
public final class Outcomes {
    private final TreeMap<Integer, Long> counts = new TreeMap<>();

    /** Records as the file has them: a place, the number of a successor, a count; a successor's place stands at its first record. */
    static Outcomes of(long[] records) {
        TreeMap<Long, Integer> places = new TreeMap<>();
        Outcomes outcomes = new Outcomes();
        for (int i = 0; i < records.length; i += 3) {
            int place = (int) records[i];
            Integer first = places.putIfAbsent(records[i + 1], place);
            outcomes.counts.merge(first == null ? place : first, records[i + 2], Profile::sum);
        }
        return outcomes;
    }

    /** How often it went to a place; 0 for one that it does not know. */
    public long to(int bci) {
        return counts.getOrDefault(bci, 0L);
    }

    public boolean knows(int bci) {
        return counts.containsKey(bci);
    }

    public long total() {
        return counts.values().stream().reduce(0L, Profile::sum);
    }

    void add(Outcomes other) {
        other.counts.forEach((bci, count) -> counts.merge(bci, count, Profile::sum));
    }

}
