package dev.anneal.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class JsonWriterTest {
    @Test
    void writesEveryKindOfValue() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("list", Arrays.asList(1, 2L, 2.5, new BigDecimal("1.10"), true, null, 'c'));
        object.put("set", Set.of("x"));
        object.put("array", new int[] {1, 2});
        object.put("objects", new Object[] {"a", Map.of()});
        object.put("enum", Contract.Map);
        assertEquals("{\"list\":[1,2,2.5,1.10,true,null,\"c\"],\"set\":[\"x\"],\"array\":[1,2],\"objects\":[\"a\",{}],\"enum\":\"Map\"}",
                JsonWriter.write(object));
    }

    @Test
    void escapesWhatCannotStandInAString() {
        assertEquals("\"\\\"\\\\\\n\\r\\t\\u0001ü\\ud83d\\ude00\"", JsonWriter.write("\"\\\n\r\t\u0001ü\uD83D\uDE00"));
    }

    @Test
    void whatItWritesReadsBackTheSame() throws JsonException {
        Object value = Map.of("text", "a\u0000\u2028\uD800", "numbers", List.of(1, 1L << 40, 0.1, -1e300));
        assertEquals(value, JsonReader.read(JsonWriter.write(value)));
    }

    @Test
    void refusesValuesWithoutJsonForm() {
        assertThrows(IllegalArgumentException.class, () -> JsonWriter.write(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> JsonWriter.write(Float.POSITIVE_INFINITY));
        assertThrows(IllegalArgumentException.class, () -> JsonWriter.write(new Object()));
    }

    @Test
    void refusesCyclesWithoutOverflow() {
        List<Object> cycle = new ArrayList<>();
        cycle.add(cycle);
        assertThrows(IllegalArgumentException.class, () -> JsonWriter.write(cycle));
    }
}
