package dev.anneal.standin.builder;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What the command line, its argument files and the jars' properties ask for. */
final class Options {
    final List<String> classPath = new ArrayList<>();
    final List<Path> configurationFolders = new ArrayList<>();
    /** Paths inside the class path that end in a configuration file, or folders that hold some. */
    final List<String> configurationResources = new ArrayList<>();
    final List<Path> profiles = new ArrayList<>();
    Path jar;
    String mainClass;
    String output;
    String name;
    Path buildOutput;
    String optimization = "2";
    String march = "x86-64-v3";
    boolean instrument;
    boolean profiled;
    boolean exact;
    boolean verbose;
    boolean version;

    /** Where the executable goes. */
    Path artifact() {
        if (output != null) {
            return Path.of(output);
        }
        if (name != null) {
            return Path.of(name);
        }
        return Path.of(mainClass.toLowerCase(Locale.ROOT));
    }

    String mode() {
        if (instrument) {
            return "instrumented";
        }
        return profiled ? "optimized" : "plain";
    }
}
