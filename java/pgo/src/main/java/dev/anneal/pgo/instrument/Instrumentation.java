package dev.anneal.pgo.instrument;

import com.oracle.svm.core.graal.code.CGlobalDataInfo;
import com.oracle.svm.core.hub.DynamicHub;
import com.oracle.svm.core.threadlocal.VMThreadLocalInfos;
import com.oracle.svm.hosted.c.CGlobalDataFeature;
import com.oracle.svm.hosted.meta.HostedField;
import com.oracle.svm.hosted.meta.HostedType;
import com.oracle.svm.hosted.meta.HostedUniverse;
import dev.anneal.pgo.graal.Names;
import dev.anneal.pgo.graal.Scope;
import dev.anneal.pgo.runtime.Blocks;
import dev.anneal.pgo.runtime.Dump;
import java.lang.reflect.Field;
import jdk.graal.compiler.phases.BasePhase;
import jdk.graal.compiler.phases.tiers.HighTierContext;
import jdk.vm.ci.meta.MetaAccessProvider;

/** A build that counts: what its parts share, from the first phase to the table in the image. */
public final class Instrumentation {
    private final SiteTable sites = new SiteTable();
    private final Blocks blocks = new Blocks();
    private final Dump dump = new Dump();
    private CGlobalDataInfo commonBlock;
    private Ranges ranges;
    private Emitter.Places places;

    public Blocks blocks() {
        return blocks;
    }

    public Dump dump() {
        return dump;
    }

    public BasePhase<HighTierContext> phase() {
        return new InstrumentPhase(sites, () -> places, () -> ranges);
    }

    public void beforeAnalysis() {
        commonBlock = CGlobalDataFeature.singleton().registerAsAccessedOrGet(Blocks.common());
    }

    /** The layout of the image is known. */
    public void beforeCompilation(HostedUniverse universe, MetaAccessProvider metaAccess) {
        ranges = new Ranges(universe);
        for (HostedType type : universe.getTypes()) {
            // The counters' own types have no names: one of their objects stands for null.
            if (type.isInstantiated() && Scope.has(type)) {
                sites.name(type.getTypeID(), Names.of(type));
            }
        }
        int threadLocal = VMThreadLocalInfos.getOffset(Blocks.DISTANCE);
        places = new Emitter.Places(commonBlock, threadLocal, typeNumberOffset(metaAccess), blocks);
    }

    public void afterCompilation() {
        Blocks.SIZE.set(sites.cells());
        dump.setTable(TableEncoder.encode(sites));
    }

    /** The field that has the number of a type. */
    public static Field typeNumber() {
        try {
            return DynamicHub.class.getDeclaredField("typeID");
        } catch (NoSuchFieldException otherBuilder) {
            throw new IllegalStateException("this builder keeps the numbers of types elsewhere", otherBuilder);
        }
    }

    private static int typeNumberOffset(MetaAccessProvider metaAccess) {
        HostedField field = (HostedField) metaAccess.lookupJavaField(typeNumber());
        if (!field.isRead() || !field.hasLocation()) {
            throw new IllegalStateException("the numbers of types are not in the image");
        }
        return field.getLocation();
    }
}
