package dev.anneal.standin.rewrite;

import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The places that count in an instrumented image, and the counters they use. */
public final class SiteTable {
    /** The receiver site that all monitors share. */
    static final int MONITORS = 0;

    /** The format's mark for a successor that an earlier key of the same switch has already named. */
    private static final int SHARED_SUCCESSOR = -5;

    private final Map<String, Integer> types = new LinkedHashMap<>();
    private final List<Map<String, Object>> methods = new ArrayList<>();
    private final List<Map<String, Object>> branches = new ArrayList<>();
    private final List<Map<String, Object>> virtual = new ArrayList<>();
    private final List<Map<String, Object>> instances = new ArrayList<>();
    private int counters;
    private int receivers = 1;
    private int methodBase;

    /** A table for one class: it continues the numbers, and is dropped if the class cannot be instrumented. */
    SiteTable fork() {
        SiteTable fork = new SiteTable();
        fork.types.putAll(types);
        fork.methodBase = methodBase + methods.size();
        fork.counters = counters;
        fork.receivers = receivers;
        return fork;
    }

    /** Takes over a table that was forked from this one. */
    void join(SiteTable fork) {
        types.putAll(fork.types);
        methods.addAll(fork.methods);
        branches.addAll(fork.branches);
        virtual.addAll(fork.virtual);
        instances.addAll(fork.instances);
        counters = fork.counters;
        receivers = fork.receivers;
    }

    int addMethod(ClassDesc owner, String name, MethodTypeDesc type) {
        List<Integer> signature = new ArrayList<>();
        signature.add(type(owner));
        signature.add(type(type.returnType()));
        type.parameterList().forEach(parameter -> signature.add(type(parameter)));
        int id = methodBase + methods.size();
        Map<String, Object> method = new LinkedHashMap<>();
        method.put("id", id);
        method.put("name", name);
        method.put("signature", signature);
        method.put("counter", counters++);
        methods.add(method);
        return id;
    }

    int entryCounter(int method) {
        return (int) methods.get(method - methodBase).get("counter");
    }

    /** Adds a branch with one counter per successor in the order given; returns the first counter. */
    int addBranch(int method, int bci, List<Integer> successors) {
        List<Integer> records = new ArrayList<>();
        List<Integer> distinct = new ArrayList<>();
        for (int successor : successors) {
            int index = distinct.indexOf(successor);
            if (index < 0) {
                index = distinct.size();
                distinct.add(successor);
                records.add(successor);
            } else {
                records.add(SHARED_SUCCESSOR);
            }
            records.add(index);
        }
        int first = counters;
        counters += successors.size();
        Map<String, Object> branch = place(method, bci);
        branch.put("counter", first);
        branch.put("successors", records);
        branches.add(branch);
        return first;
    }

    int addVirtual(int method, int bci) {
        return addReceiver(virtual, method, bci);
    }

    int addInstanceof(int method, int bci) {
        return addReceiver(instances, method, bci);
    }

    /**
     * How many counters the image needs.
     *
     * @return the count
     */
    public int counterCount() {
        return counters;
    }

    /**
     * How many places that record receiver types the image needs.
     *
     * @return the count
     */
    public int receiverCount() {
        return receivers;
    }

    /**
     * The table as the executable reads it.
     *
     * @return a value for the JSON printer
     */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("types", types.keySet());
        json.put("methods", methods);
        json.put("branches", branches);
        json.put("virtual", virtual);
        json.put("instanceof", instances);
        return json;
    }

    private int addReceiver(List<Map<String, Object>> section, int method, int bci) {
        Map<String, Object> row = place(method, bci);
        row.put("site", receivers);
        section.add(row);
        return receivers++;
    }

    private static Map<String, Object> place(int method, int bci) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("method", method);
        row.put("bci", bci);
        return row;
    }

    private int type(ClassDesc type) {
        Integer present = types.putIfAbsent(TypeNames.binary(type), types.size());
        return present == null ? types.size() - 1 : present;
    }
}
