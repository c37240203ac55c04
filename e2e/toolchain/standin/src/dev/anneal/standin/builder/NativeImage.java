package dev.anneal.standin.builder;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/** The command {@code native-image} of the stand-in. */
public final class NativeImage {
    private static final String VERSION = "standin 1.0 (a stand-in for test suites, no compiler), Java " + Runtime.version().feature();

    private NativeImage() {
    }

    /**
     * Builds one executable.
     *
     * @param arguments the command line
     */
    public static void main(String[] arguments) {
        Log.line("start");
        System.exit(run(Arrays.asList(arguments)));
    }

    private static int run(List<String> arguments) {
        try {
            Options options = OptionParser.parse(arguments);
            if (options.version) {
                Log.exactLine("native-image " + Runtime.version().feature() + " " + VERSION);
                return 0;
            }
            new ImageBuilder(options, VERSION).build();
            return 0;
        } catch (BuildProblem problem) {
            Log.error(problem.getMessage());
        } catch (IOException problem) {
            Log.error("Error: " + problem);
        } catch (OutOfMemoryError problem) {
            Log.error("java.lang.OutOfMemoryError: " + problem.getMessage() + "\nThe Native Image build process ran out of memory.");
        }
        return 1;
    }
}
