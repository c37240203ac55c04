package dev.anneal.pgo;

import com.oracle.svm.core.feature.InternalFeature;
import com.oracle.svm.core.jdk.RuntimeSupport;
import com.oracle.svm.core.thread.ThreadListenerSupport;
import com.oracle.svm.hosted.FeatureImpl.BeforeAnalysisAccessImpl;
import com.oracle.svm.hosted.FeatureImpl.BeforeCompilationAccessImpl;
import dev.anneal.pgo.graal.Report;
import dev.anneal.pgo.instrument.Instrumentation;
import dev.anneal.pgo.runtime.Blocks;
import dev.anneal.pgo.runtime.Dump;
import dev.anneal.pgo.runtime.StartupHook;
import jdk.graal.compiler.phases.tiers.Suites;
import jdk.graal.compiler.phases.util.Providers;
import org.graalvm.nativeimage.ImageSingletons;
import org.graalvm.nativeimage.hosted.RuntimeClassInitialization;

/** Builds a program that counts what it does and writes a profile. */
public final class InstrumentFeature implements InternalFeature {
    private Instrumentation instrumentation;

    @Override
    public void afterRegistration(AfterRegistrationAccess access) {
        Builder.check();
        RuntimeClassInitialization.initializeAtBuildTime("dev.anneal.pgo");
        instrumentation = new Instrumentation();
        ImageSingletons.add(Blocks.class, instrumentation.blocks());
        ImageSingletons.add(Dump.class, instrumentation.dump());
    }

    @Override
    public void beforeAnalysis(BeforeAnalysisAccess access) {
        ThreadListenerSupport.get().register(instrumentation.blocks());
        RuntimeSupport.getRuntimeSupport().addStartupHook(new StartupHook());
        instrumentation.beforeAnalysis();
        // Nothing else of a program reads it, and a field that nobody reads is not there.
        ((BeforeAnalysisAccessImpl) access).registerAsRead(Instrumentation.typeNumber(), "counters read it");
    }

    @Override
    public void registerGraalPhases(Providers providers, Suites suites, boolean hosted) {
        if (hosted) {
            suites.getHighTier().prependPhase(instrumentation.phase());
        }
    }

    @Override
    public void beforeCompilation(BeforeCompilationAccess access) {
        BeforeCompilationAccessImpl internal = (BeforeCompilationAccessImpl) access;
        instrumentation.beforeCompilation(internal.getUniverse(), internal.getMetaAccess());
    }

    @Override
    public void afterCompilation(AfterCompilationAccess access) {
        instrumentation.afterCompilation();
        Report.pgo("instrument");
    }
}
