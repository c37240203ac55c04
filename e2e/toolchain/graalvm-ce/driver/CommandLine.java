package dev.anneal.driver;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/** The command line of {@code native-image}, and the options of the class path's jars. */
final class CommandLine {
    static final String HELP = """
            Usage: native-image [options] (class | -jar file) [name]
            GraalVM Community Edition's builder, assembled from packages. The options are those of its documentation that
            e2e/toolchain/graalvm-ce/README.md lists; -H: options go to the builder as they are, -J and -D to its JVM.
            """;

    final List<String> jvm = new ArrayList<>();
    boolean version;
    boolean help;
    boolean verbose;

    private final Deque<String> rest = new ArrayDeque<>();
    private final List<String> options = new ArrayList<>();
    private final List<String> unknown = new ArrayList<>();
    private final Profiles profiles = new Profiles();
    private String classPath;
    private String modulePath;
    private Path jar;
    private String mainClass;
    private String output;
    private boolean inJar;

    private CommandLine() {
    }

    static CommandLine parse(List<String> arguments) throws Problem {
        CommandLine line = new CommandLine();
        line.all(arguments);
        return line;
    }

    /** The builder's arguments: where the classes are, the options of the jars, then those of the command line. */
    List<String> forBuilder(Path home) throws Problem {
        ClassPath path = ClassPath.of(jar, classPath);
        String main = mainClass != null || jar == null ? mainClass : ClassPath.mainClass(jar);
        boolean isLibrary = options.stream().anyMatch(option -> option.startsWith("-H:+SharedLibrary"));
        if (main == null && !isLibrary) {
            throw new Problem("Please specify class (or <module>/<mainclass>) containing the main entry point method. (see --help)");
        }
        List<String> arguments = new ArrayList<>(List.of("-imagecp", imagePath(home, path)));
        if (modulePath != null) {
            arguments.addAll(List.of("-imagemp", modulePath));
        }
        Path file = Path.of(output != null ? output : defaultName(main)).toAbsolutePath().normalize();
        arguments.add(Options.from("driver", "-H:Path=" + file.getParent()));
        arguments.add(Options.from("driver", "-H:Name=" + file.getFileName()));
        if (main != null) {
            arguments.add(Options.from("driver", "-H:Class=" + main));
        }
        for (String folder : List.of("lib/svm/clibraries", "lib/svm/clibraries/linux-amd64/glibc")) {
            arguments.add(Options.from("driver", "-H:CLibraryPath=" + home.resolve(folder)));
        }
        arguments.addAll(ofJars(path));
        arguments.addAll(options);
        if (profiles.areAskedFor()) {
            arguments.addAll(profiles.options());
        }
        // The builder salts hashes with this: the same command line gives the same image.
        UUID identity = UUID.nameUUIDFromBytes(String.join("\0", arguments).getBytes(StandardCharsets.UTF_8));
        arguments.add(Options.from("driver", "-H:ImageBuildID=" + identity));
        return arguments;
    }

    private String imagePath(Path home, ClassPath path) throws Problem {
        return profiles.areAskedFor() ? path.joined() + File.pathSeparator + profiles.jar(home) : path.joined();
    }

    private static List<String> ofJars(ClassPath path) throws Problem {
        CommandLine line = new CommandLine();
        line.inJar = true;
        JarOptions found = JarOptions.of(path);
        line.all(found.arguments());
        List<String> arguments = new ArrayList<>();
        found.metadata().forEach(option -> arguments.add(Options.from("driver", option)));
        arguments.addAll(line.options);
        return arguments;
    }

    private String defaultName(String main) {
        if (jar != null) {
            return jar.getFileName().toString().replaceFirst("\\.jar$", "");
        }
        return main == null ? "image" : main.toLowerCase(Locale.ROOT);
    }

    private void all(List<String> arguments) throws Problem {
        rest.addAll(arguments);
        while (!rest.isEmpty()) {
            next(rest.removeFirst());
        }
        if (!unknown.isEmpty()) {
            throw new Problem("Unrecognized option(s): '" + String.join("', '", unknown) + "'");
        }
    }

    private void next(String argument) throws Problem {
        if (argument.startsWith("@")) {
            ArgumentFile.read(Path.of(argument.substring(1))).reversed().forEach(rest::addFirst);
        } else if (argument.startsWith("-H:") || argument.startsWith("-R:")) {
            options.add(argument);
        } else if (argument.startsWith("-J")) {
            jvm.add(argument.substring(2));
        } else if (argument.startsWith("-D")) {
            jvm.add(argument);
        } else if (argument.startsWith("-")) {
            option(argument);
        } else if (inJar) {
            throw new Problem("A native-image.properties file has an argument that is no option: '" + argument + "'");
        } else {
            positional(argument);
        }
    }

    private void option(String argument) throws Problem {
        switch (argument) {
            case "-cp", "-classpath", "--class-path" -> classPath = value(argument);
            case "-p", "--module-path" -> modulePath = value(argument);
            case "-jar" -> jar = Path.of(value(argument));
            case "-o" -> output = value(argument);
            case "--version" -> version = true;
            case "--help" -> help = true;
            case "--verbose" -> verbose = true;
            default -> withValue(argument);
        }
    }

    private void withValue(String argument) throws Problem {
        if (argument.startsWith("--class-path=")) {
            classPath = argument.substring("--class-path=".length());
        } else if (argument.startsWith("--module-path=")) {
            modulePath = argument.substring("--module-path=".length());
        } else if (profiles.take(argument)) {
            if (inJar) {
                throw new Problem("A native-image.properties file asks for profile-guided optimization: '" + argument + "'");
            }
        } else if (Options.takesNextWord(argument)) {
            option(argument + "=" + value(argument));
        } else {
            List<String> translated = Options.translate(argument);
            if (translated == null) {
                unknown.add(argument);
            } else {
                translated.forEach(option -> options.add(Options.from("user+api", option)));
            }
        }
    }

    private void positional(String argument) throws Problem {
        if (mainClass == null && jar == null) {
            mainClass = argument;
        } else if (output == null) {
            output = argument;
        } else {
            throw new Problem("Unknown argument: '" + argument + "'");
        }
    }

    private String value(String argument) throws Problem {
        if (rest.isEmpty()) {
            throw new Problem("'" + argument + "' requires an argument");
        }
        return rest.removeFirst();
    }

    /** A list as Java's command lines write it. */
    static List<String> entries(String path) {
        return Arrays.stream(path.split(File.pathSeparator)).filter(entry -> !entry.isEmpty()).toList();
    }
}
