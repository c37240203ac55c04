package dev.anneal.samples.hello;

import java.util.LinkedHashMap;
import java.util.Map;

/** Greets: {@code {"name": "x"}} becomes {@code {"message": "Hello, x"}}. */
public final class Hello {
    private static final int LINES = 200;

    private Hello() {
    }

    /**
     * The function.
     *
     * @param in may hold {@code name}
     * @return the greeting and the checksum of the card it was written on
     */
    public static Map<String, Object> main(Map<String, Object> in) {
        String name = String.valueOf(in.getOrDefault("name", "world"));
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("message", "Hello, " + name);
        out.put("card", Integer.toHexString(checksum(card(name))));
        return out;
    }

    /** A little real work, so that a profile of this function has something to say. */
    private static String card(String name) {
        StringBuilder card = new StringBuilder();
        for (int line = 0; line < LINES; line++) {
            if (line % 3 == 0) {
                card.append("Hello, ").append(name);
            } else if (line % 3 == 1) {
                card.append(line).append(": ").append(name.length());
            } else {
                card.append('-');
            }
            card.append('\n');
        }
        return card.toString();
    }

    private static int checksum(String card) {
        int sum = 1;
        for (int i = 0; i < card.length(); i++) {
            char c = card.charAt(i);
            sum = Character.isDigit(c) ? sum * 17 + c : sum * 31 + c;
        }
        return sum;
    }
}
