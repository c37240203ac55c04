package dev.anneal.samples.json;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Reads an order with Jackson, once as a tree and once as beans, adds a summary and a tag, and writes it again. */
public final class Totals implements Function<String, String> {
    private final JSON json = JSON.std.with(JSON.Feature.USE_FIELDS);

    /** For the launcher. */
    public Totals() {
        // Jackson finds the properties of Order by reflection at the first request.
    }

    @Override
    public String apply(String text) {
        try {
            Map<String, Object> document = json.mapFrom(text);
            Order order = json.beanFrom(Order.class, text);
            document.put("summary", Summary.of(order));
            document.put("tags", tags(document.get("tags"), order));
            return json.asString(document);
        } catch (IOException malformed) {
            throw new IllegalArgumentException("the order is malformed", malformed);
        }
    }

    private static List<Object> tags(Object present, Order order) {
        List<Object> tags = new ArrayList<>();
        if (present instanceof List<?> list) {
            tags.addAll(list);
        }
        tags.add(order.getLines().size() > 2 ? "large" : "small");
        return tags;
    }
}
