package dev.anneal.pgo.graal;

import com.oracle.svm.hosted.meta.HostedMethod;
import dev.anneal.pgo.profile.Context;
import dev.anneal.pgo.profile.MethodName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import jdk.graal.compiler.graph.NodeSourcePosition;
import jdk.vm.ci.meta.JavaType;
import jdk.vm.ci.meta.ResolvedJavaMethod;
import jdk.vm.ci.meta.Signature;

/** The names of the compiler's methods, types and places, as profiles spell them. */
public final class Names {
    private static final Map<ResolvedJavaMethod, MethodName> METHODS = new ConcurrentHashMap<>();

    private Names() {
    }

    public static MethodName of(ResolvedJavaMethod method) {
        MethodName known = METHODS.get(method);
        if (known == null) {
            known = spell(method);
            METHODS.put(method, known);
        }
        return known;
    }

    /** As {@code Class.getName()} has it. */
    public static String of(JavaType type) {
        String name = type.getName();
        return name.startsWith("[") ? name.replace('/', '.') : type.toJavaName(true);
    }

    /** The chain of a position, or null if it is not one of bytecode. */
    public static Context of(NodeSourcePosition position) {
        List<Context.Frame> frames = new ArrayList<>();
        for (NodeSourcePosition at = position; at != null; at = at.getCaller()) {
            if (at.isPlaceholder() || at.isSubstitution()) {
                return null;
            }
            frames.add(new Context.Frame(of(at.getMethod()), at.getBCI()));
        }
        return frames.isEmpty() || position.getBCI() < 0 ? null : new Context(frames);
    }

    private static MethodName spell(ResolvedJavaMethod method) {
        // The compiler makes the names of its own view unique.
        String name = method instanceof HostedMethod hosted ? hosted.getWrapped().getName() : method.getName();
        Signature signature = method.getSignature();
        List<String> parameters = new ArrayList<>();
        for (int i = 0; i < signature.getParameterCount(false); i++) {
            parameters.add(of(signature.getParameterType(i, null)));
        }
        return new MethodName(of(method.getDeclaringClass()), name, of(signature.getReturnType(null)), parameters);
    }
}
