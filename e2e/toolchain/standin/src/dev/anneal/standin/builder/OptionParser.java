package dev.anneal.standin.builder;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Understands the options of {@code native-image} that Anneal uses, and refuses all others. */
final class OptionParser {
    /** Options without effect on a JVM, accepted because real builds need them. */
    private static final Set<String> ACCEPTED = Set.of("--no-fallback", "--install-exit-handlers", "--enable-http", "--enable-https",
            "--initialize-at-build-time", "--initialize-at-run-time", "-H:+UnlockExperimentalVMOptions",
            "-H:-UnlockExperimentalVMOptions");
    private static final List<String> ACCEPTED_PREFIXES = List.of("--initialize-at-build-time=", "--initialize-at-run-time=",
            "--enable-url-protocols=", "-H:IncludeLocales=", "-D", "-J");
    private static final Set<String> LEVELS = Set.of("b", "0", "1", "2", "3", "s");
    private static final Pattern MARCH = Pattern.compile("compatibility|native|x86-64(-v[1-4])?|armv8(\\.[1-9])?-a");

    private final Options options;
    private final Deque<String> rest = new ArrayDeque<>();

    private OptionParser(Options options) {
        this.options = options;
    }

    /** Parses a command line. */
    static Options parse(List<String> arguments) throws BuildProblem {
        Options options = new Options();
        parseInto(options, arguments);
        return options;
    }

    /** Adds options that a jar's properties hold. */
    static void parseInto(Options options, List<String> arguments) throws BuildProblem {
        OptionParser parser = new OptionParser(options);
        parser.rest.addAll(arguments);
        while (!parser.rest.isEmpty()) {
            parser.next(parser.rest.removeFirst());
        }
        if (options.instrument && options.profiled) {
            throw new BuildProblem("Error: --pgo-instrument and --pgo cannot be used together.");
        }
    }

    private void next(String argument) throws BuildProblem {
        if (argument.startsWith("@")) {
            ArgumentFile.read(Path.of(argument.substring(1))).reversed().forEach(rest::addFirst);
        } else if (argument.startsWith("-O") && LEVELS.contains(argument.substring(2))) {
            options.optimization = argument.substring(2);
        } else if (argument.startsWith("-")) {
            int equals = argument.indexOf('=');
            boolean found = equals < 0 ? flag(argument) : assignment(argument.substring(0, equals), argument.substring(equals + 1));
            if (!found && !accepted(argument)) {
                throw unknown(argument);
            }
        } else {
            positional(argument);
        }
    }

    private void positional(String argument) throws BuildProblem {
        if (options.mainClass == null) {
            options.mainClass = argument;
        } else if (options.output == null && options.name == null) {
            options.name = argument;
        } else {
            throw new BuildProblem("Error: Unknown argument: " + argument);
        }
    }

    private boolean flag(String argument) throws BuildProblem {
        switch (argument) {
            case "-cp", "-classpath", "--class-path" -> classPath(value(argument));
            case "-jar" -> options.jar = Path.of(value(argument));
            case "-o" -> options.output = value(argument);
            case "--exact-reachability-metadata" -> options.exact = true;
            case "--pgo-instrument" -> options.instrument = true;
            case "--pgo" -> profiles("default.iprof");
            case "--verbose" -> options.verbose = true;
            case "--version" -> options.version = true;
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean assignment(String name, String value) throws BuildProblem {
        switch (name) {
            case "--class-path" -> classPath(value);
            case "--pgo" -> profiles(value);
            case "--exact-reachability-metadata" -> options.exact = true;
            case "-march" -> march(value);
            case "-H:Name" -> options.name = value;
            case "-H:BuildOutputJSONFile" -> options.buildOutput = Path.of(value);
            case "-H:ConfigurationFileDirectories" ->
                    commaList(value).stream().map(Path::of).forEach(options.configurationFolders::add);
            case "-H:ConfigurationResourceRoots", "-H:ReflectionConfigurationResources", "-H:ResourceConfigurationResources",
                    "-H:DynamicProxyConfigurationResources", "-H:JNIConfigurationResources",
                    "-H:SerializationConfigurationResources" -> options.configurationResources.addAll(commaList(value));
            default -> {
                return false;
            }
        }
        return true;
    }

    private String value(String argument) throws BuildProblem {
        if (rest.isEmpty()) {
            throw new BuildProblem("Error: " + argument + " requires an argument");
        }
        return rest.removeFirst();
    }

    private void classPath(String path) throws BuildProblem {
        for (String entry : path.split(File.pathSeparator)) {
            if (entry.endsWith("/*") || entry.equals("*")) {
                expand(entry.equals("*") ? Path.of("") : Path.of(entry.substring(0, entry.length() - 2)));
            } else if (!entry.isEmpty()) {
                options.classPath.add(entry);
            }
        }
    }

    private void expand(Path folder) throws BuildProblem {
        try (var files = Files.list(folder)) {
            files.map(Path::toString).filter(name -> name.endsWith(".jar")).sorted().forEach(options.classPath::add);
        } catch (IOException unreadable) {
            throw new BuildProblem("Error: The class path folder " + folder + " cannot be read", unreadable);
        }
    }

    private void profiles(String list) {
        options.profiled = true;
        commaList(list).stream().map(Path::of).forEach(options.profiles::add);
    }

    private void march(String value) throws BuildProblem {
        if (!MARCH.matcher(value).matches()) {
            throw new BuildProblem("Error: Unsupported architecture '" + value + "'. Please adjust '-march'.");
        }
        options.march = value;
    }

    private static boolean accepted(String argument) {
        return ACCEPTED.contains(argument) || ACCEPTED_PREFIXES.stream().anyMatch(argument::startsWith);
    }

    private static List<String> commaList(String list) {
        return Arrays.stream(list.split(",")).filter(item -> !item.isEmpty()).toList();
    }

    private static BuildProblem unknown(String argument) {
        if (argument.startsWith("-H:")) {
            String name = argument.substring(3).replaceFirst("^[+-]", "").replaceFirst("=.*", "");
            return new BuildProblem("Error: Could not find option '" + name + "'. Use -H:PrintFlags= to list all available options.");
        }
        return new BuildProblem("Error: Unrecognized option(s): '" + argument + "'");
    }
}
