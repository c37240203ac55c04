package dev.anneal.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonReaderTest {
    @Test
    void readsEveryKindOfValue() throws JsonException {
        Object value = JsonReader.read(" {\"a\": [1, -2.5, true, false, null, \"x\"], \"b\": {}} ");
        Map<?, ?> object = (Map<?, ?>) value;
        assertEquals(Arrays.asList(1, -2.5, true, false, null, "x"), object.get("a"));
        assertEquals(Map.of(), object.get("b"));
        assertNull(JsonReader.read("null"));
        assertEquals(List.of(), JsonReader.read("[]"));
    }

    @Test
    void keepsWholeNumbersExact() throws JsonException {
        assertEquals(Integer.MAX_VALUE, JsonReader.read("2147483647"));
        assertEquals(2147483648L, JsonReader.read("2147483648"));
        assertEquals(Long.MIN_VALUE, JsonReader.read("-9223372036854775808"));
        assertEquals(new BigInteger("9223372036854775808"), JsonReader.read("9223372036854775808"));
        assertEquals(100.0, JsonReader.read("1e2"));
    }

    @Test
    void readsEscapes() throws JsonException {
        assertEquals("\"\\/\b\f\n\r\tü\uD83D\uDE00", JsonReader.read("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00fc\\ud83d\\ude00\""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "01", "1.", ".5", "+1", "-", "1e", "tru", "nul", "\"\\x\"", "\"\\u12g4\"",
        "\"a", "\"\u0001\"", "1 2", "[1 2]", "{\"a\" 1}", "{\"a\":1,\"a\":2}", "'a'", "NaN", "1e999", "// x\n1", "\uFEFF1"})
    void refusesAnythingElse(String text) {
        JsonException problem = assertThrows(JsonException.class, () -> JsonReader.read(text));
        assertTrue(problem.getMessage().startsWith("malformed JSON at character "), problem.getMessage());
    }

    @Test
    void refusesDeepNestingWithoutOverflow() throws JsonException {
        JsonReader.read("[".repeat(128) + "]".repeat(128));
        assertThrows(JsonException.class, () -> JsonReader.read("[".repeat(1_000_000)));
        assertThrows(JsonException.class, () -> JsonReader.read("{\"a\":".repeat(1_000_000)));
    }

    @Test
    void refusesNumbersWithoutMeasure() {
        assertThrows(JsonException.class, () -> JsonReader.read("1".repeat(100_000)));
    }

    @Test
    void refusesBytesThatAreNotUtf8() {
        assertThrows(JsonException.class, () -> JsonReader.utf8(new byte[] {(byte) 0xc3, 0x28}));
    }
}
