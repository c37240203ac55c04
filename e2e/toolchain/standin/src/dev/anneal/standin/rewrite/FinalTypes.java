package dev.anneal.standin.rewrite;

import java.lang.constant.ClassDesc;
import java.lang.reflect.Modifier;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Knows JDK types whose methods cannot be overridden, so that a receiver type says nothing. */
final class FinalTypes {
    private static final Map<ClassDesc, Boolean> DISPATCHES = new ConcurrentHashMap<>();

    private FinalTypes() {
    }

    static boolean mayDispatch(ClassDesc owner) {
        return !owner.isArray() && DISPATCHES.computeIfAbsent(owner, FinalTypes::lookUp);
    }

    private static boolean lookUp(ClassDesc owner) {
        if (!owner.packageName().startsWith("java.")) {
            return true;
        }
        try {
            Class<?> type = Class.forName(owner.packageName() + "." + owner.displayName().replace('.', '$'), false, null);
            return !Modifier.isFinal(type.getModifiers());
        } catch (ClassNotFoundException notInTheBootLoader) {
            return true;
        }
    }
}
