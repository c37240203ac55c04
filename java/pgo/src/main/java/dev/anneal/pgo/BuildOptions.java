package dev.anneal.pgo;

import com.oracle.svm.core.option.HostedOptionKey;
import jdk.graal.compiler.options.OptionsContainer;

/** Options of the builder. */
public final class BuildOptions implements OptionsContainer {
    /** The profiles to apply, with commas between them: {@code -H:AnnealProfiles=}. */
    public static final HostedOptionKey<String> AnnealProfiles = new HostedOptionKey<>("");
}
