package dev.anneal.samples.reflect;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Reaches a class by name: {@code {"op": "common"}} is a direct call, {@code {"op": "rare"}} loads
 * {@code dev.anneal.samples.reflect.Rare} by reflection, so an executable needs it registered.
 */
public final class Operations {
    private Operations() {
    }

    /**
     * The function.
     *
     * @param in may hold {@code op}, by default {@code common}, and {@code text}
     * @return the result of the operation
     * @throws ReflectiveOperationException if there is no such operation
     */
    public static Map<String, Object> main(Map<String, Object> in) throws ReflectiveOperationException {
        String op = String.valueOf(in.getOrDefault("op", "common"));
        String text = String.valueOf(in.getOrDefault("text", "text"));
        if (op.equals("common")) {
            return answer(op, text.toUpperCase(Locale.ROOT));
        }
        Class<?> operation = Class.forName(className(op));
        Object result = operation.getMethod("apply", String.class).invoke(null, text);
        return answer(op, result);
    }

    private static Map<String, Object> answer(String op, Object result) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("op", op);
        out.put("result", result);
        return out;
    }

    private static String className(String op) {
        if (op.isEmpty() || !op.chars().allMatch(Character::isLetter)) {
            throw new IllegalArgumentException("op must consist of letters");
        }
        return "dev.anneal.samples.reflect." + Character.toUpperCase(op.charAt(0)) + op.substring(1);
    }
}
