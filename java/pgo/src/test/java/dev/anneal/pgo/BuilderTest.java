package dev.anneal.pgo;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class BuilderTest {
    @Test
    void onlyTheVersionItWasMadeForIsAccepted() {
        assertTrue(Builder.supports("25.0.2"));
        assertTrue(Builder.supports("25.0.2+10.1"));
        assertFalse(Builder.supports("25.0.20"));
        assertFalse(Builder.supports("25.0.4"));
        assertFalse(Builder.supports("unknown"));
    }
}
