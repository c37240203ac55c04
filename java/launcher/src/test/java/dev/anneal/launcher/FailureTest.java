package dev.anneal.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.UndeclaredThrowableException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FailureTest {
    /** The compiler's error, by its name only. */
    private static final class MissingReflectionRegistrationError extends Error {
        private static final long serialVersionUID = 1L;

        MissingReflectionRegistrationError(String message) {
            super(message);
        }
    }

    @Test
    void functionsExceptionIsHiddenFromTheCaller() throws Exception {
        try (var server = new RunningServer(Contract.Map, in -> {
            throw new IllegalStateException("secret");
        })) {
            HttpResponse<String> response = server.post("{}", "X-Request-Id", "abc");
            assertEquals(500, response.statusCode());
            assertEquals("{\"error\":\"function failed\",\"requestId\":\"abc\"}", response.body());
            assertEquals("abc", response.headers().firstValue("X-Request-Id").orElse(""));
        }
    }

    @Test
    void requestIdIsReplacedWhenItIsNotHarmless() throws Exception {
        try (var server = new RunningServer(Contract.Map, in -> in)) {
            String replaced = server.post("{}", "X-Request-Id", "a b\"c").headers().firstValue("X-Request-Id").orElse("");
            assertTrue(replaced.matches("[0-9a-f]{32}"), replaced);
        }
    }

    @Test
    void missingRegistrationIsNamed() throws Exception {
        try (var server = new RunningServer(Contract.Map, in -> {
            throw new IllegalStateException(new MissingReflectionRegistrationError("Cannot reach 'a.B#c()' at run time.\nMore."));
        })) {
            HttpResponse<String> response = server.post("{}", "X-Request-Id", "abc");
            assertEquals(500, response.statusCode());
            assertEquals("a.B#c()", response.headers().firstValue("X-Anneal-Missing-Registration").orElse(""));
            assertEquals("{\"error\":\"missing registration\",\"missing\":\"a.B#c()\",\"requestId\":\"abc\"}", response.body());
        }
    }

    @Test
    void missingRegistrationIsFoundOnALineOfItsOwn() {
        var error = new MissingReflectionRegistrationError("The program tried to access the class\n\n   a.B\n\nwithout a registration.");
        assertEquals("a.B", MissingRegistration.in(error));
    }

    /** A class whose initializer reaches something by name. */
    private static final class Initialized {
        static final int VALUE = value();

        private static int value() {
            throw new MissingReflectionRegistrationError("Cannot reach 'a.B'.");
        }
    }

    @Test
    void missingRegistrationIsFoundInWhatWrapsIt() {
        var missing = new MissingReflectionRegistrationError("Cannot reach 'a.B'.");
        var closing = new IllegalStateException("the work");
        closing.addSuppressed(new IllegalStateException(missing));
        for (Throwable problem : List.of(
                new ExceptionInInitializerError(missing),
                new InvocationTargetException(missing),
                new UndeclaredThrowableException(missing),
                new IllegalStateException(new InvocationTargetException(new ExceptionInInitializerError(missing))),
                closing)) {
            assertEquals("a.B", MissingRegistration.in(problem), problem.toString());
            var printed = new StringWriter();
            problem.printStackTrace(new PrintWriter(printed));
            assertTrue(printed.toString().contains("MissingReflectionRegistrationError: Cannot reach 'a.B'."), printed.toString());
        }
    }

    @Test
    void missingRegistrationIsFoundEachTimeThatAClassCannotBeUsed() {
        Throwable first = assertThrows(MissingReflectionRegistrationError.class, () -> assertEquals(0, Initialized.VALUE));
        assertEquals("a.B", MissingRegistration.in(first));
        Throwable second = assertThrows(NoClassDefFoundError.class, () -> assertEquals(0, Initialized.VALUE));
        assertEquals("a.B", MissingRegistration.in(second));
        assertEquals(null, MissingRegistration.in(new ExceptionInInitializerError("Exception a.Other: 'x'")));
        assertEquals(null, MissingRegistration.in(new IllegalStateException("Exception a.MissingXRegistrationError: 'x'")));
    }

    @Test
    void causesInACircleComeToAnEnd() {
        var one = new IllegalStateException("one");
        var other = new IllegalStateException("other", one);
        one.initCause(other);
        one.addSuppressed(other);
        assertEquals(null, MissingRegistration.in(one));
    }

    @Test
    void missingRegistrationNeverBreaksTheHeader() {
        assertEquals("unknown", MissingRegistration.in(new MissingReflectionRegistrationError(null)));
        assertEquals("a?b", MissingRegistration.in(new MissingReflectionRegistrationError("'a\u0007b'")));
        assertEquals(null, MissingRegistration.in(new IllegalStateException("'x'")));
    }

    @Test
    void resultWithoutJsonFormIsTheFunctionsFailure() throws Exception {
        try (var server = new RunningServer(Contract.Map, in -> Map.of("x", new Object()))) {
            assertEquals(500, server.post("{}").statusCode());
        }
    }

    @Test
    void bodyOverTheLimitIsRefused() throws Exception {
        try (var server = new RunningServer(Contract.FunctionBytes, in -> in, 1000)) {
            assertEquals(200, server.postBytes(new byte[1000]).statusCode());
            assertEquals(413, server.postBytes(new byte[1001]).statusCode());
            var chunked = server.request("/").POST(BodyPublishers.ofByteArrays(List.of(new byte[600], new byte[600])));
            assertEquals(413, server.send(chunked).statusCode());
            assertEquals(200, server.postBytes(new byte[10]).statusCode());
        }
    }

    @Test
    void otherMethodsAreRefused() throws Exception {
        try (var server = new RunningServer(Contract.Map, in -> in)) {
            HttpResponse<String> response = server.send(server.request("/").DELETE());
            assertEquals(405, response.statusCode());
            assertFalse(response.headers().firstValue("Allow").isEmpty());
        }
    }
}
