package dev.anneal.standin.runtime;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The tables of a profile; they grow by what its entries refer to. */
final class ProfileTables {
    private final List<?> typeNames;
    private final List<?> methodRows;
    private final Map<String, Integer> typeIds = new HashMap<>();
    private final List<Object> types = new ArrayList<>();
    private final Map<Integer, Map<String, Object>> methods = new LinkedHashMap<>();

    ProfileTables(List<?> typeNames, List<?> methodRows) {
        this.typeNames = typeNames;
        this.methodRows = methodRows;
    }

    int type(String name) {
        return typeIds.computeIfAbsent(name, this::addType);
    }

    /** The id of a method in the profile, which is its id among the builder's sites. */
    int method(int id) {
        methods.computeIfAbsent(id, this::describe);
        return id;
    }

    List<Object> types() {
        return types;
    }

    List<Object> methods() {
        return new ArrayList<>(methods.values());
    }

    private int addType(String name) {
        Map<String, Object> type = new LinkedHashMap<>();
        type.put("id", types.size());
        type.put("name", name);
        types.add(type);
        return types.size() - 1;
    }

    private Map<String, Object> describe(int id) {
        Map<?, ?> row = (Map<?, ?>) methodRows.get(id);
        List<Object> signature = new ArrayList<>();
        for (Object index : (List<?>) row.get("signature")) {
            signature.add(type((String) typeNames.get(((Number) index).intValue())));
        }
        Map<String, Object> method = new LinkedHashMap<>();
        method.put("id", id);
        method.put("name", row.get("name"));
        method.put("signature", signature);
        return method;
    }
}
