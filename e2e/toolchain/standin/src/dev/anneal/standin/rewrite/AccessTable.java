package dev.anneal.standin.rewrite;

import dev.anneal.standin.runtime.Gate;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The JDK methods whose call sites are rewritten. It is derived from {@link Gate}: a public static method there stands for
 * the JDK method of the same name and parameters, so that table and gate cannot differ.
 */
final class AccessTable {
    static final ClassDesc GATE = Gate.class.describeConstable().orElseThrow();

    /** Members of the gate that are no replacement of a JDK method. */
    private static final Set<String> OTHER = Set.of("install", "beforeInvoke", "beforeNewInstance", "beforeFieldAccess");
    private static final ClassDesc LOADER = ClassLoader.class.describeConstable().orElseThrow();
    private static final ClassDesc FIELD = Field.class.describeConstable().orElseThrow();

    private static final Map<String, Replacement> REPLACEMENTS = new HashMap<>();
    private static final Map<String, String> CHECKS = Map.of(
            key(Method.class.describeConstable().orElseThrow(), "invoke", "(Ljava/lang/Object;[Ljava/lang/Object;)Ljava/lang/Object;"),
            "beforeInvoke",
            key(Constructor.class.describeConstable().orElseThrow(), "newInstance", "([Ljava/lang/Object;)Ljava/lang/Object;"),
            "beforeNewInstance");

    static {
        for (Method gate : Gate.class.getDeclaredMethods()) {
            if (Modifier.isPublic(gate.getModifiers()) && !OTHER.contains(gate.getName())) {
                addReplacement(gate);
            }
        }
    }

    /**
     * A call that takes the place of another.
     *
     * @param name the gate's method
     * @param type its type
     * @param withCaller whether the calling class is its last argument
     */
    record Replacement(String name, MethodTypeDesc type, boolean withCaller) {
    }

    private AccessTable() {
    }

    /** The replacement of a call, or null. */
    static Replacement replacement(ClassDesc owner, String name, String type) {
        Replacement found = REPLACEMENTS.get(key(owner, name, type));
        boolean loader = found == null && owner.descriptorString().endsWith("ClassLoader;");
        return loader ? REPLACEMENTS.get(key(LOADER, name, type)) : found;
    }

    /** The gate's method that looks at the receiver before a call that stays as it is, or null. */
    static String check(ClassDesc owner, String name, String type) {
        boolean field = owner.equals(FIELD) && (name.startsWith("get") || name.startsWith("set"))
                && (type.startsWith("(Ljava/lang/Object;)") || type.startsWith("(Ljava/lang/Object;") && type.endsWith(")V"));
        return field ? "beforeFieldAccess" : CHECKS.get(key(owner, name, type));
    }

    private static void addReplacement(Method gate) {
        List<ClassDesc> parameters = Arrays.stream(gate.getParameterTypes()).map(AccessTable::desc).toList();
        MethodTypeDesc type = MethodTypeDesc.of(desc(gate.getReturnType()), parameters);
        Replacement replacement = new Replacement(gate.getName(), type, isForNameByCaller(gate));
        MethodTypeDesc original = switch (gate.getName()) {
            case "forName" -> replacement.withCaller() ? type.dropParameterTypes(1, 2) : type;
            case "newProxyInstance", "getSystemResource", "getSystemResourceAsStream" -> type;
            default -> type.dropParameterTypes(0, 1);
        };
        ClassDesc owner = switch (gate.getName()) {
            case "forName" -> ConstantDescs.CD_Class;
            case "newProxyInstance" -> desc(Proxy.class);
            case "getSystemResource", "getSystemResourceAsStream" -> LOADER;
            default -> parameters.getFirst();
        };
        REPLACEMENTS.put(key(owner, gate.getName(), original.descriptorString()), replacement);
    }

    private static boolean isForNameByCaller(Method gate) {
        return gate.getName().equals("forName") && gate.getParameterCount() == 2;
    }

    private static ClassDesc desc(Class<?> type) {
        return type.describeConstable().orElseThrow();
    }

    private static String key(ClassDesc owner, String name, String type) {
        return owner.descriptorString() + name + type;
    }
}
