package dev.anneal.pgo.profile;

import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What programs did, by places. A place is looked up with all of its callers first, then with fewer, as one that was
 * compiled within an outer method is asked for here, and at last without any: contexts of other builds share only that.
 */
public final class Profile {
    private final Set<MethodName> methods = new HashSet<>();
    private final Map<Context, Long> calls = new HashMap<>();
    private final Map<Context, Outcomes> conditions = new HashMap<>();
    private final Map<Context.Frame, Outcomes> conditionsAnywhere = new HashMap<>();
    private final Map<Context, Map<String, Long>> receivers = new HashMap<>();
    private final Map<Context.Frame, Map<String, Long>> receiversAnywhere = new HashMap<>();
    private long allCalls;

    static long sum(long left, long right) {
        long sum = left + right;
        return sum < 0 ? Long.MAX_VALUE : sum;
    }

    /** The methods that the profile names. */
    public Set<MethodName> methods() {
        return Collections.unmodifiableSet(methods);
    }

    /** How often a method was called that was compiled by itself. */
    public long entries(MethodName method) {
        return calls.getOrDefault(Context.entry(method), 0L);
    }

    /** The sum of all entries. */
    public long allEntries() {
        return allCalls;
    }

    /** Where a branch went, or null if nothing is known. */
    public Outcomes outcomes(Context place) {
        for (int depth = place.frames().size(); depth > 0; depth--) {
            Outcomes known = conditions.get(place.inner(depth));
            if (known != null) {
                return known;
            }
        }
        return conditionsAnywhere.get(place.leaf());
    }

    /** Which types came to a call, or nothing. */
    public Map<String, Long> receivers(Context place) {
        for (int depth = place.frames().size(); depth > 0; depth--) {
            Map<String, Long> known = receivers.get(place.inner(depth));
            if (known != null) {
                return known;
            }
        }
        return receiversAnywhere.getOrDefault(place.leaf(), Map.of());
    }

    public boolean isEmpty() {
        return calls.isEmpty() && conditions.isEmpty() && receivers.isEmpty();
    }

    void addMethod(MethodName method) {
        methods.add(method);
    }

    void addCalls(Context place, long count) {
        calls.merge(place, count, Profile::sum);
        if (place.frames().size() == 1) {
            allCalls = sum(allCalls, count);
        }
    }

    void addOutcomes(Context place, Outcomes outcomes) {
        conditions.computeIfAbsent(place, unknown -> new Outcomes()).add(outcomes);
        conditionsAnywhere.computeIfAbsent(place.leaf(), unknown -> new Outcomes()).add(outcomes);
    }

    void addReceiver(Context place, String type, long count) {
        receivers.computeIfAbsent(place, unknown -> new HashMap<>()).merge(type, count, Profile::sum);
        receiversAnywhere.computeIfAbsent(place.leaf(), unknown -> new HashMap<>()).merge(type, count, Profile::sum);
    }
}
