package dev.anneal.tracer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TracerTest {
    private static final String PROGRAM = "dev.anneal.tracer.programs.Reaching";
    private static final String TARGET = PROGRAM + "$Target";
    private static final String CONDITION = "{\"condition\":{\"typeReached\":\"" + PROGRAM + "\"},";
    private static final String[] EVERYTHING = {"type", "absent", "load", "array", "method", "constructor", "field", "reference",
        "virtual", "handle", "resource", "loaderResource", "services", "bundle", "proxy", "serialize", "lambda", "foreign"};

    @TempDir
    private Path folder;

    private String traced(String options, String... what) throws Exception {
        Run run = Run.of(folder, "config-output-dir=" + folder + "/traced" + options, PROGRAM, what);
        assertEquals(0, run.status(), run.errors());
        assertEquals("", run.errors());
        return Run.metadata(folder.resolve("traced"));
    }

    private static void assertHas(String metadata, String line) {
        assertTrue(metadata.lines().anyMatch(one -> one.strip().replaceAll(",$", "").equals(line)), line + " is not in\n" + metadata);
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
        "type; \"type\":\"TARGET\"}",
        "absent; \"type\":\"none.such.Type\"}",
        "load; \"type\":\"TARGET\"}",
        "array; \"type\":\"TARGET[]\"}",
        "method; \"type\":\"TARGET\",\"methods\":[{\"name\":\"join\",\"parameterTypes\":[\"int\",\"java.lang.String[]\"]}]}",
        "constructor; \"type\":\"TARGET\",\"methods\":[{\"name\":\"<init>\",\"parameterTypes\":[]}]}",
        "field; \"type\":\"TARGET\",\"fields\":[{\"name\":\"text\"}]}",
        "reference; \"type\":\"TARGET\"}",
        "virtual; \"type\":\"TARGET\"}",
        "handle; \"type\":\"TARGET\",\"methods\":[{\"name\":\"twice\",\"parameterTypes\":[\"int\"]}]}",
        "resource; \"glob\":\"dev/anneal/tracer/programs/some.txt\"}",
        "loaderResource; \"glob\":\"other/[a]\\\\*.txt\"}",
        "services; \"glob\":\"META-INF/services/java.lang.Runnable\"}",
        "bundle; \"bundle\":\"texts.words\"}",
        "proxy; \"type\":{\"proxy\":[\"PROGRAM$Greeter\"]}}",
    })
    void whatIsReachedIsRecordedWithWhoReachedIt(String what, String entry) throws Exception {
        String expected = entry.replace("TARGET", TARGET).replace("PROGRAM", PROGRAM);
        assertHas(traced("", what), CONDITION + expected);
        assertHas(traced(",conditions=false", what), "{" + expected);
    }

    @Test
    void serializationHoldsWithoutACondition() throws Exception {
        assertHas(traced("", "serialize"), "{\"type\":\"" + PROGRAM + "$Point\",\"serializable\":true}");
        assertFalse(traced("", "lambda").contains("\"lambda\":"), "no builder of 25.0.2 takes one");
    }

    @Test
    void nativeFunctionsAreRecordedByTheirSignatures() throws Exception {
        assertHas(traced("", "foreign"), "{\"returnType\":\"jlong\",\"parameterTypes\":[\"void*\"]}");
    }

    @Test
    void theJdksOwnReflectionIsNotRecorded() throws Exception {
        String metadata = traced("", "absent");
        assertFalse(metadata.contains("\"type\":\"java."), metadata);
        assertFalse(metadata.contains("\"type\":\"sun."), metadata);
        assertFalse(metadata.contains("dev.anneal.tracer.Hooks"), metadata);
    }

    @Test
    void aTracedProgramPrintsWhatItPrintsWithout() throws Exception {
        Run without = Run.of(folder, null, PROGRAM, EVERYTHING);
        Run with = Run.of(folder, "config-output-dir=" + folder + "/traced", PROGRAM, EVERYTHING);
        assertEquals(0, without.status(), without.errors());
        assertEquals(without, with);
    }

    @Test
    void mergingUnitesAndTheOrderIsAlwaysTheSame() throws Exception {
        String merge = "config-merge-dir=" + folder + "/merged";
        for (String what : List.of("type", "resource", "type")) {
            assertEquals(0, Run.of(folder, merge, PROGRAM, what).status());
        }
        String first = Run.metadata(folder.resolve("merged"));
        assertHas(first, CONDITION + "\"type\":\"" + TARGET + "\"}");
        assertHas(first, CONDITION + "\"glob\":\"dev/anneal/tracer/programs/some.txt\"}");
        assertEquals(0, Run.of(folder, merge, PROGRAM, "resource", "type", "foreign").status());
        String second = Run.metadata(folder.resolve("merged"));
        assertNotEquals(first, second, "the native function is new");
        assertEquals(0, Run.of(folder, merge, PROGRAM, "foreign").status());
        assertEquals(second, Run.metadata(folder.resolve("merged")));
        try (var files = Files.list(folder.resolve("merged"))) {
            assertEquals(1, files.count(), "nothing is left beside it");
        }
    }

    @Test
    void anotherWritersFileIsNotMerged() throws Exception {
        Path merged = Files.createDirectories(folder.resolve("merged"));
        String foreign = "{\n  \"reflection\": [\n    {\n      \"type\": \"a.B\"\n    }\n  ]\n}\n";
        Files.writeString(merged.resolve("reachability-metadata.json"), foreign);
        Run run = Run.of(folder, "config-merge-dir=" + merged, PROGRAM, "type");
        assertNotEquals(0, run.status());
        assertTrue(run.errors().contains("was not written by this tracer"), run.errors());
        assertEquals(foreign, Run.metadata(merged), "nothing is lost");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "config-output-dir=/tmp,bogus=1|there is no option 'bogus'",
        "config-write-period-secs=1|config-output-dir or config-merge-dir must be given",
        "config-output-dir=/tmp,config-write-period-secs=-1|must be a number of seconds, not '-1'",
        "config-output-dir=/tmp,config-merge-dir=/tmp|exclude each other",
        "config-output-dir=/tmp,conditions=maybe|must be true or false",
    })
    void optionsThatMakeNoSenseEndTheJvmWithASentence(String options, String sentence) throws Exception {
        Run run = Run.of(folder, options, PROGRAM, "type");
        assertNotEquals(0, run.status());
        assertTrue(run.errors().contains("anneal-tracer: ") && run.errors().contains(sentence), run.errors());
        assertEquals("", run.output());
    }

    @Test
    void theFileIsWrittenWhileTheProgramRunsAndAfterItsHooks() throws Exception {
        Path traced = folder.resolve("traced");
        String options = "config-output-dir=" + traced + ",config-write-period-secs=1,config-write-initial-delay-secs=0";
        Process process = Run.start(options, "dev.anneal.tracer.programs.Waiting").redirectErrorStream(true).start();
        try {
            await(traced, "dev.anneal.tracer.programs.Waiting$AtStart");
            process.getOutputStream().close();
            assertEquals(0, process.waitFor());
        } finally {
            process.destroyForcibly();
        }
        String metadata = Run.metadata(traced);
        assertTrue(metadata.contains("Waiting$AtEnd"), metadata);
    }

    private static void await(Path traced, String text) throws IOException, InterruptedException {
        Instant deadline = Instant.now().plus(Duration.ofSeconds(60));
        Path file = traced.resolve("reachability-metadata.json");
        while (!Files.exists(file) || !Files.readString(file).contains(text)) {
            assertTrue(Instant.now().isBefore(deadline), text + " is not written");
            Thread.onSpinWait();
        }
    }

    @Test
    void anElementThatManyReachHoldsWithoutACondition() throws Exception {
        Run run = Run.of(folder, "config-output-dir=" + folder + "/traced", "dev.anneal.tracer.programs.Hot");
        assertEquals(0, run.status(), run.errors());
        String metadata = Run.metadata(folder.resolve("traced"));
        String method = "\"methods\":[{\"name\":\"step\",\"parameterTypes\":[]}]}";
        assertHas(metadata, "{\"type\":\"dev.anneal.tracer.programs.Hot\"," + method);
    }
}
