package dev.anneal.pgo.apply;

import com.oracle.svm.core.config.ConfigurationValues;
import com.oracle.svm.hosted.code.CompilationGraph;
import com.oracle.svm.hosted.meta.HostedMethod;
import com.oracle.svm.hosted.meta.HostedType;
import com.oracle.svm.hosted.meta.HostedUniverse;
import dev.anneal.pgo.graal.Names;
import dev.anneal.pgo.graal.Scope;
import java.util.HashMap;
import java.util.Map;
import jdk.graal.compiler.nodes.EncodedGraph;
import jdk.graal.compiler.nodes.GraphDecoder;
import jdk.graal.compiler.nodes.StructuredGraph;

/**
 * The methods that may be inlined, as they were before any was compiled: the builder drops a method's graph once it is
 * compiled, and what is inlined must not depend on which thread was faster.
 */
final class Callees {
    private final Map<HostedMethod, CompilationGraph> graphs = new HashMap<>();
    private final Map<String, HostedType> types = new HashMap<>();

    Callees(HostedUniverse universe) {
        for (HostedMethod method : universe.getMethods()) {
            CompilationGraph graph = method.compilationInfo.getCompilationGraph();
            if (graph != null && Scope.has(method)) {
                graphs.put(method, graph);
            }
        }
        for (HostedType type : universe.getTypes()) {
            if (type.isInstantiated()) {
                // Names that several class loaders use stand for none.
                String name = Names.of(type);
                types.put(name, types.containsKey(name) ? null : type);
            }
        }
    }

    Iterable<HostedMethod> methods() {
        return graphs.keySet();
    }

    /** A type by its name; null if there is none, or more than one. */
    HostedType type(String name) {
        return types.get(name);
    }

    boolean has(HostedMethod method) {
        return graphs.containsKey(method) && method.canBeInlined() && !method.hasNeverInlineDirective() && !method.isDeoptTarget();
    }

    int size(HostedMethod method) {
        return graphs.get(method).getNodeCount();
    }

    /** A copy of a method's graph for a caller. */
    StructuredGraph copy(HostedMethod method, StructuredGraph caller) {
        EncodedGraph encoded = graphs.get(method).getEncodedGraph();
        StructuredGraph graph = new StructuredGraph.Builder(caller.getOptions(), caller.getDebug(), StructuredGraph.AllowAssumptions.NO)
                .method(method)
                .trackNodeSourcePosition(encoded.trackNodeSourcePosition())
                .recordInlinedMethods(encoded.isRecordingInlinedMethods())
                .build();
        decode(method, graph);
        return graph;
    }

    void decode(HostedMethod method, StructuredGraph graph) {
        new GraphDecoder(ConfigurationValues.getTarget().arch, graph).decode(graphs.get(method).getEncodedGraph());
    }
}
