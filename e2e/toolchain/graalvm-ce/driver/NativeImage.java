package dev.anneal.driver;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Turns a command line into what the builder reads: a file for the JVM that runs it, and one for the builder itself. */
final class NativeImage {
    private NativeImage() {
    }

    /** The home, the folder for the two files, and the command line. */
    public static void main(String[] arguments) {
        try {
            run(Path.of(arguments[0]), Path.of(arguments[1]), List.of(arguments).subList(2, arguments.length));
        } catch (Problem problem) {
            System.err.println("Error: " + problem.getMessage());
            System.exit(20);
        } catch (IOException unreadable) {
            System.err.println("Error: " + unreadable);
            System.exit(1);
        }
    }

    private static void run(Path home, Path folder, List<String> arguments) throws Problem, IOException {
        CommandLine line = CommandLine.parse(arguments);
        if (line.version) {
            System.out.print(Files.readString(home.resolve("lib/anneal/version")));
            return;
        }
        if (line.help) {
            System.out.print(CommandLine.HELP);
            return;
        }
        List<String> image = line.forBuilder(home);
        if (line.verbose) {
            System.out.println("Builder's arguments:");
            image.forEach(argument -> System.out.println("  " + argument));
        }
        Files.write(folder.resolve("jvm"), jvm(home, line), StandardCharsets.UTF_8);
        Files.writeString(folder.resolve("image"), String.join("\0", image));
    }

    /** The JVM's options: those of every builder, which the assembly wrote, then the user's, of which the last one counts. */
    private static List<String> jvm(Path home, CommandLine line) throws IOException {
        List<String> options = new ArrayList<>();
        for (String option : Files.readAllLines(home.resolve("lib/anneal/builder.args"))) {
            options.add(quoted(option.replace("${home}", home.toString())));
        }
        line.jvm.forEach(option -> options.add(quoted(option)));
        options.add("--module");
        options.add("org.graalvm.nativeimage.builder/com.oracle.svm.hosted.NativeImageGeneratorRunner");
        return options;
    }

    /** As java's argument files want it. */
    private static String quoted(String option) {
        return '"' + option.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
