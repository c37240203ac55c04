package dev.anneal.tracer;

import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.jar.JarFile;

/**
 * Where the JVM starts the tracer: {@code -javaagent:anneal-tracer.jar=config-output-dir=DIR}.
 *
 * <p>The JDK's own classes call the hooks, so the tracer has to be where they see it: on the bootstrap class path.
 */
public final class Agent {
    private Agent() {
    }

    /**
     * Begins to record. Where the options make no sense or the folder cannot be used, that is said and the JVM ends.
     *
     * @param text the options, see {@link Options}
     * @param instrumentation the JVM's services
     * @throws Exception if the JVM is not one that the tracer was written for
     */
    public static void premain(String text, Instrumentation instrumentation) throws Exception {
        instrumentation.appendToBootstrapClassLoaderSearch(new JarFile(jar().toFile()));
        // By its name: this class is the application loader's, and its siblings must not be.
        Class.forName("dev.anneal.tracer.Tracer", true, null)
                .getMethod("start", String.class, Instrumentation.class)
                .invoke(null, text, instrumentation);
    }

    private static Path jar() throws IOException {
        try {
            return Path.of(Agent.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException strange) {
            throw new IOException("the tracer's jar has no path", strange);
        }
    }
}
