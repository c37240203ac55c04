package dev.anneal.pgo.instrument;

import com.oracle.svm.hosted.meta.HostedType;
import com.oracle.svm.hosted.meta.HostedUniverse;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import jdk.graal.compiler.core.common.type.ObjectStamp;
import jdk.graal.compiler.nodes.NodeView;
import jdk.graal.compiler.nodes.ValueNode;
import jdk.vm.ci.meta.JavaTypeProfile;
import jdk.vm.ci.meta.ResolvedJavaType;

/** Which types may come to a place, by what the analysis of the whole program found. */
final class Ranges {
    private final HostedUniverse universe;
    private final Map<ResolvedJavaType, TypeRange> known = new ConcurrentHashMap<>();

    Ranges(HostedUniverse universe) {
        this.universe = universe;
    }

    /** The analysis says which types it found at a call; elsewhere all below the declared one are possible. */
    TypeRange of(ValueNode object, JavaTypeProfile found) {
        if (found != null && found.getTypes().length > 0 && found.getNotRecordedProbability() == 0) {
            return spanning(found);
        }
        if (!(object.stamp(NodeView.DEFAULT) instanceof ObjectStamp stamp)) {
            return TypeRange.ANY;
        }
        return stamp.type() == null ? TypeRange.ANY : known.computeIfAbsent(stamp.type(), this::below);
    }

    private static TypeRange spanning(JavaTypeProfile found) {
        int first = Integer.MAX_VALUE;
        int last = Integer.MIN_VALUE;
        for (JavaTypeProfile.ProfiledType type : found.getTypes()) {
            if (!(type.getType() instanceof HostedType hosted)) {
                return TypeRange.ANY;
            }
            first = Math.min(first, hosted.getTypeID());
            last = Math.max(last, hosted.getTypeID());
        }
        return TypeRange.between(first, last);
    }

    private TypeRange below(ResolvedJavaType declared) {
        int first = Integer.MAX_VALUE;
        int last = Integer.MIN_VALUE;
        for (HostedType type : universe.getTypes()) {
            if (type.isInstantiated() && declared.isAssignableFrom(type)) {
                first = Math.min(first, type.getTypeID());
                last = Math.max(last, type.getTypeID());
            }
        }
        return TypeRange.between(first, last);
    }
}
