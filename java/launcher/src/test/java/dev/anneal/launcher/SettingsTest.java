package dev.anneal.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SettingsTest {
    @Test
    void hasDefaults() {
        assertEquals(new Settings(8080, Duration.ofSeconds(30), Settings.BODY_LIMIT), Settings.fromEnvironment(Map.of("PORT", "")));
    }

    @Test
    void readsTheEnvironment() {
        Settings settings = Settings.fromEnvironment(Map.of("PORT", "0", "ANNEAL_DRAIN_SECONDS", "5"));
        assertEquals(new Settings(0, Duration.ofSeconds(5), Settings.BODY_LIMIT), settings);
    }

    @Test
    void namesTheVariableThatIsWrong() {
        for (String wrong : new String[] {"x", "-1", "65536", "99999999999"}) {
            var problem = assertThrows(IllegalArgumentException.class, () -> Settings.fromEnvironment(Map.of("PORT", wrong)));
            assertEquals("PORT must be a number from 0 to 65535, and is \"" + wrong + "\"", problem.getMessage());
        }
    }

    @Test
    void refusesAnUnknownContract() {
        var problem = assertThrows(IllegalArgumentException.class, () -> Contract.byName("Http"));
        assertEquals("contract \"Http\" is not one of Map, FunctionMap, FunctionString, FunctionBytes", problem.getMessage());
    }
}
