package dev.anneal.standin.metadata;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;

/**
 * Reachability metadata: the types, members, proxies and resources that an executable may reach by name. Safe for
 * concurrent use; its JSON form has one deterministic order.
 */
public final class Metadata {
    private final Map<String, TypeEntry> types = new ConcurrentSkipListMap<>();
    private final Map<String, List<String>> proxies = new ConcurrentSkipListMap<>();
    private final Set<String> globs = new ConcurrentSkipListSet<>();
    private final Map<String, ResourcePattern> patterns = new ConcurrentHashMap<>();

    /**
     * Registers a type.
     *
     * @param type its name as the source language writes it
     * @return whether that is new
     */
    public boolean addType(String type) {
        return types.putIfAbsent(type, new TypeEntry()) == null;
    }

    /**
     * Registers a method or constructor, and its type.
     *
     * @param type the declaring type
     * @param method the member
     * @return whether that is new
     */
    public boolean addMethod(String type, Signature method) {
        return entry(type).add(method);
    }

    /**
     * Registers a field, and its type.
     *
     * @param type the declaring type
     * @param field the name
     * @return whether that is new
     */
    public boolean addField(String type, String field) {
        return entry(type).addField(field);
    }

    /**
     * Registers a switch such as {@code allDeclaredMethods}, and its type.
     *
     * @param type the type
     * @param name the switch
     */
    public void addSwitch(String type, String name) {
        entry(type).addSwitch(name);
    }

    /**
     * Registers a proxy class.
     *
     * @param interfaces its interfaces in their order
     * @return whether that is new
     */
    public boolean addProxy(List<String> interfaces) {
        return proxies.putIfAbsent(String.join(",", interfaces), List.copyOf(interfaces)) == null;
    }

    /**
     * Registers resources.
     *
     * @param glob a path from the root of the class path; {@code *} stays within a segment, {@code **} does not
     * @return whether that is new
     */
    public boolean addGlob(String glob) {
        patterns.computeIfAbsent("glob:" + glob, key -> ResourcePattern.glob(glob));
        return globs.add(glob);
    }

    /**
     * Registers resources in the older form, which has no place in the JSON that this class writes.
     *
     * @param expression a regular expression that matches whole paths
     */
    public void addPattern(String expression) {
        patterns.computeIfAbsent("pattern:" + expression, key -> ResourcePattern.expression(expression));
    }

    /**
     * Whether a type may be looked up.
     *
     * @param type its name
     * @return true if it is registered
     */
    public boolean hasType(String type) {
        return types.containsKey(type);
    }

    /**
     * Whether a method or constructor may be invoked.
     *
     * @param type the declaring type
     * @param method the member
     * @param isPublic whether the member is public
     * @return true if it is registered
     */
    public boolean hasMethod(String type, Signature method, boolean isPublic) {
        TypeEntry entry = types.get(type);
        return entry != null && entry.allows(method, isPublic);
    }

    /**
     * Whether a field may be read and written.
     *
     * @param type the declaring type
     * @param field the name
     * @param isPublic whether the field is public
     * @return true if it is registered
     */
    public boolean hasField(String type, String field, boolean isPublic) {
        TypeEntry entry = types.get(type);
        return entry != null && entry.allowsField(field, isPublic);
    }

    /**
     * Whether a proxy class may be made.
     *
     * @param interfaces its interfaces in their order
     * @return true if it is registered
     */
    public boolean hasProxy(List<String> interfaces) {
        return proxies.containsKey(String.join(",", interfaces));
    }

    /**
     * Whether a resource may be opened.
     *
     * @param path its path from the root of the class path
     * @return true if it is registered
     */
    public boolean hasResource(String path) {
        return globs.contains(path) || patterns.values().stream().anyMatch(pattern -> pattern.matches(path));
    }

    /**
     * How many types are registered.
     *
     * @return the count
     */
    public int typeCount() {
        return types.size();
    }

    /**
     * The content as {@code reachability-metadata.json} has it.
     *
     * @return a value for the JSON printer
     */
    public Map<String, Object> toJson() {
        List<Object> reflection = new ArrayList<>();
        types.forEach((name, entry) -> {
            Map<String, Object> type = new LinkedHashMap<>();
            type.put("type", name);
            type.putAll(entry.toJson());
            reflection.add(type);
        });
        proxies.values().forEach(interfaces -> reflection.add(Map.of("type", Map.of("proxy", interfaces))));
        List<Object> resources = new ArrayList<>();
        globs.forEach(glob -> resources.add(Map.of("glob", glob)));
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("reflection", reflection);
        json.put("resources", resources);
        return json;
    }

    private TypeEntry entry(String type) {
        return types.computeIfAbsent(type, key -> new TypeEntry());
    }
}
