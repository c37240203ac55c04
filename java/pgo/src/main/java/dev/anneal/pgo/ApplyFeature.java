package dev.anneal.pgo;

import com.oracle.svm.core.feature.InternalFeature;
import com.oracle.svm.core.util.UserError;
import com.oracle.svm.hosted.FeatureImpl.BeforeCompilationAccessImpl;
import dev.anneal.pgo.apply.Application;
import dev.anneal.pgo.profile.Profile;
import dev.anneal.pgo.profile.ProfileProblem;
import dev.anneal.pgo.profile.ProfileReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import jdk.graal.compiler.phases.tiers.Suites;
import jdk.graal.compiler.phases.util.Providers;

/** Builds a program as profiles of it say that it is used. */
public final class ApplyFeature implements InternalFeature {
    private Application application;

    @Override
    public void afterRegistration(AfterRegistrationAccess access) {
        Builder.check();
        application = new Application(read(BuildOptions.AnnealProfiles.getValue()));
    }

    @Override
    public void registerGraalPhases(Providers providers, Suites suites, boolean hosted) {
        if (hosted) {
            suites.getHighTier().prependPhase(application.phase());
        }
    }

    @Override
    public void beforeCompilation(BeforeCompilationAccess access) {
        application.beforeCompilation(((BeforeCompilationAccessImpl) access).getUniverse());
    }

    @Override
    public void afterCompilation(AfterCompilationAccess access) {
        application.afterCompilation();
    }

    private static Profile read(String files) {
        List<Path> paths = ProfileReader.paths(files);
        if (paths.isEmpty()) {
            throw UserError.abort("Profile-guided optimization needs a profile file: -H:AnnealProfiles= names none.");
        }
        try {
            return ProfileReader.read(paths);
        } catch (ProfileProblem problem) {
            throw UserError.abort("Profile-guided optimization: %s", problem.getMessage());
        } catch (IOException unreadable) {
            throw UserError.abort("Profile-guided optimization: a profile file cannot be read: %s", unreadable);
        }
    }
}
