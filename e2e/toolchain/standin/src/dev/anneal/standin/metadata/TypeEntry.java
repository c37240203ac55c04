package dev.anneal.standin.metadata;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** What is registered about one type: methods, fields and the switches that stand for all of a kind. */
final class TypeEntry {
    private final Set<String> switches = new TreeSet<>();
    private final Set<Signature> methods = new TreeSet<>();
    private final Set<String> fields = new TreeSet<>();

    synchronized boolean add(Signature method) {
        return methods.add(method);
    }

    synchronized boolean addField(String name) {
        return fields.add(name);
    }

    synchronized boolean addSwitch(String name) {
        return switches.add(name);
    }

    synchronized boolean allows(Signature method, boolean isPublic) {
        String kind = method.name().equals("<init>") ? "Constructors" : "Methods";
        return methods.contains(method) || hasSwitch(kind, isPublic);
    }

    synchronized boolean allowsField(String name, boolean isPublic) {
        return fields.contains(name) || hasSwitch("Fields", isPublic);
    }

    private boolean hasSwitch(String kind, boolean isPublic) {
        return switches.contains("allDeclared" + kind) || isPublic && switches.contains("allPublic" + kind);
    }

    /** The members of the JSON object that describes the entry, without its type. */
    synchronized Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        switches.forEach(name -> json.put(name, true));
        put(json, "methods", methods.stream().map(TypeEntry::toJson));
        put(json, "fields", fields.stream().map(name -> Map.of("name", name)));
        return json;
    }

    private static Map<String, Object> toJson(Signature method) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", method.name());
        json.put("parameterTypes", method.parameterTypes());
        return json;
    }

    private static void put(Map<String, Object> json, String name, Stream<? extends Map<String, ?>> items) {
        List<? extends Map<String, ?>> list = items.toList();
        if (!list.isEmpty()) {
            json.put(name, list);
        }
    }
}
