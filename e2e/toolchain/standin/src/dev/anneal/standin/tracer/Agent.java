package dev.anneal.standin.tracer;

import dev.anneal.standin.runtime.Gate;
import dev.anneal.standin.runtime.LastHook;
import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.util.Map;
import java.util.Set;

/** The stand-in of {@code native-image-agent}: records what a program reaches by name. */
public final class Agent {
    private Agent() {
    }

    /**
     * Begins to record.
     *
     * @param text the agent's options
     * @param instrumentation the JVM's services
     * @throws IOException if the folder for the result cannot be used
     */
    public static void premain(String text, Instrumentation instrumentation) throws IOException {
        AgentOptions options = AgentOptions.parse(text);
        instrumentation.redefineModule(Object.class.getModule(), Set.of(),
                Map.of("jdk.internal.access", Set.of(Agent.class.getModule())), Map.of(), Set.of(), Map.of());
        Recorder recorder = new Recorder();
        MetadataFile file = MetadataFile.open(options, recorder.metadata());
        Gate.install(recorder);
        instrumentation.addTransformer(new AccessTransformer());
        LastHook.register(file::writeOrSay);
        if (options.periodSeconds() > 0) {
            file.writePeriodically(options);
        }
    }
}
