package dev.anneal.standin.runtime;

import dev.anneal.standin.metadata.Metadata;
import dev.anneal.standin.metadata.MetadataReader;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Path;

/** The first class of every executable: takes the run-time options, installs the policy and calls the real main class. */
public final class Start {
    private Start() {
    }

    /**
     * Starts the image.
     *
     * @param arguments run-time options and the program's own arguments
     * @throws Throwable what the program's main method throws
     */
    public static void main(String[] arguments) throws Throwable {
        RuntimeOptions options = RuntimeOptions.parse(arguments);
        options.properties().forEach(System::setProperty);
        Gate.install(new Checker(metadata(), Image.exact(), options.reporting()));
        if (Image.instrumented()) {
            profileAtExit(options.profile());
        }
        Class<?> main = Class.forName(Image.mainClass());
        try {
            main.getMethod("main", String[].class).invoke(null, (Object) options.programArguments());
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
    }

    private static void profileAtExit(Path file) {
        if (!Image.hasFault("no-profile-at-exit")) {
            LastHook.register(() -> ProfileDump.writeAtExit(file.toAbsolutePath()));
        }
    }

    private static Metadata metadata() throws IOException {
        Metadata metadata = new Metadata();
        MetadataReader.read(metadata, "reachability-metadata.json", Image.text(Image.METADATA));
        return metadata;
    }
}
