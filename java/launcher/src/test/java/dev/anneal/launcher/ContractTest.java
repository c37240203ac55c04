package dev.anneal.launcher;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.http.HttpResponse;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class ContractTest {
    private static String contentType(HttpResponse<?> response) {
        return response.headers().firstValue("Content-Type").orElse("");
    }

    @Test
    void mapTakesAndGivesJsonObjects() throws Exception {
        try (var server = new RunningServer(Contract.Map, in -> Map.of("got", in))) {
            HttpResponse<String> response = server.post("{\"a\":1}", "Content-Type", "application/json");
            assertEquals(200, response.statusCode());
            assertEquals("{\"got\":{\"a\":1}}", response.body());
            assertEquals("application/json", contentType(response));
        }
    }

    @Test
    void emptyBodyIsAnEmptyMap() throws Exception {
        try (var server = new RunningServer(Contract.FunctionMap, in -> Map.of("got", in))) {
            assertEquals("{\"got\":{}}", server.post("").body());
            assertEquals("{\"got\":{}}", server.send(server.request("/any/path").GET()).body());
        }
    }

    @Test
    void malformedJsonIsTheCallersError() throws Exception {
        try (var server = new RunningServer(Contract.Map, in -> in)) {
            HttpResponse<String> response = server.post("{\"a\":", "X-Request-Id", "id-1");
            assertEquals(400, response.statusCode());
            assertEquals("{\"error\":\"malformed JSON at character 5: the text ends too early\",\"requestId\":\"id-1\"}", response.body());
            assertEquals(400, server.post("[1]").statusCode());
        }
    }

    @Test
    void stringTakesPlainTextByDefault() throws Exception {
        Function<String, String> twice = text -> text + text;
        try (var server = new RunningServer(Contract.FunctionString, in -> twice.apply((String) in))) {
            HttpResponse<String> response = server.post("\"ü\"");
            assertEquals("\"ü\"\"ü\"", response.body());
            assertEquals("text/plain; charset=utf-8", contentType(response));
        }
    }

    @Test
    void stringUnwrapsAJsonString() throws Exception {
        Function<String, String> twice = text -> text + text;
        try (var server = new RunningServer(Contract.FunctionString, in -> twice.apply((String) in))) {
            HttpResponse<String> response = server.post("\"a\\n\"", "Content-Type", "application/json; charset=utf-8");
            assertEquals("\"a\\na\\n\"", response.body());
            assertEquals("application/json", contentType(response));
        }
    }

    @Test
    void stringTakesAnotherJsonDocumentAsText() throws Exception {
        try (var server = new RunningServer(Contract.FunctionString, in -> "[" + in + "]")) {
            HttpResponse<String> response = server.post("{\"a\": 1}", "Content-Type", "application/json");
            assertEquals("[{\"a\": 1}]", response.body());
            assertEquals("application/json", contentType(response));
            assertEquals(400, server.post("{", "Content-Type", "application/json").statusCode());
        }
    }

    @Test
    void bytesStayAsTheyAre() throws Exception {
        byte[] bytes = {0, -1, 10, 13, 127};
        try (var server = new RunningServer(Contract.FunctionBytes, in -> in)) {
            HttpResponse<byte[]> response = server.postBytes(bytes);
            assertArrayEquals(bytes, response.body());
            assertEquals("application/octet-stream", contentType(response));
        }
    }

    @Test
    void nullIsNoContent() throws Exception {
        try (var server = new RunningServer(Contract.Map, in -> null)) {
            assertEquals(204, server.post("{}").statusCode());
        }
    }
}
