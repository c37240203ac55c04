package dev.anneal.tracer;

import static dev.anneal.tracer.Target.Moment.ENTRY;
import static dev.anneal.tracer.Target.Moment.RETURN;

import java.util.ArrayList;
import java.util.List;

/** The methods of the JDK by which a program reaches something that a native executable must have registered. */
final class Targets {
    static final List<Target> ALL = all();

    private static final String CLASS = "java.lang.Class";
    private static final String LOOKUP = "java.lang.invoke.MethodHandles$Lookup";

    private Targets() {
    }

    private static List<Target> all() {
        List<Target> all = new ArrayList<>();
        add(all, CLASS, ENTRY, "typeByName", "forName");
        add(all, CLASS, ENTRY, "typeByNameInModule", "forName");
        add(all, CLASS, RETURN, "typeFound", "forName");
        add(all, CLASS, ENTRY, "typeQueried", "getMethods", "getDeclaredMethods", "getFields", "getDeclaredFields", "getConstructors",
                "getDeclaredConstructors", "getMethod", "getDeclaredMethod", "getField", "getDeclaredField", "getConstructor",
                "getDeclaredConstructor", "getClasses", "getDeclaredClasses", "getRecordComponents", "getPermittedSubclasses",
                "getNestMembers", "getSigners", "getEnumConstants");
        add(all, CLASS, RETURN, "methodFound", "getMethod", "getDeclaredMethod");
        add(all, CLASS, RETURN, "constructorFound", "getConstructor", "getDeclaredConstructor");
        add(all, CLASS, RETURN, "fieldFound", "getField", "getDeclaredField");
        add(all, CLASS, ENTRY, "instanceMade", "newInstance");
        add(all, CLASS, ENTRY, "resourceOfClass", "getResource", "getResourceAsStream");
        add(all, "java.lang.ClassLoader", ENTRY, "resourceOfLoader", "getResource", "getResources", "resources", "getResourceAsStream");
        add(all, "java.net.URLClassLoader", ENTRY, "resourceOfLoader", "getResourceAsStream");
        add(all, "java.lang.ClassLoader", ENTRY, "resourceOfSystem", "getSystemResource", "getSystemResources",
                "getSystemResourceAsStream");
        add(all, "java.lang.Module", ENTRY, "resourceOfModule", "getResourceAsStream");
        add(all, "java.util.ResourceBundle", ENTRY, "bundle", "getBundle");
        add(all, "java.lang.reflect.Method", ENTRY, "methodUsed", "invoke");
        add(all, "java.lang.reflect.Constructor", ENTRY, "constructorUsed", "newInstance");
        add(all, "java.lang.reflect.Field", ENTRY, "fieldUsed", "get", "getBoolean", "getByte", "getChar", "getShort", "getInt",
                "getLong", "getFloat", "getDouble", "set", "setBoolean", "setByte", "setChar", "setShort", "setInt", "setLong",
                "setFloat", "setDouble");
        add(all, "java.lang.reflect.Array", ENTRY, "arrayMade", "newInstance");
        add(all, "java.lang.reflect.Array", ENTRY, "arraysMade", "newInstance");
        add(all, "java.lang.reflect.Proxy", ENTRY, "proxyMade", "newProxyInstance", "getProxyClass");
        add(all, LOOKUP, ENTRY, "methodByHandle", "findVirtual", "findStatic", "findSpecial");
        add(all, LOOKUP, ENTRY, "constructorByHandle", "findConstructor");
        add(all, LOOKUP, ENTRY, "boundByHandle", "bind");
        add(all, LOOKUP, ENTRY, "fieldByHandle", "findGetter", "findSetter", "findStaticGetter", "findStaticSetter", "findVarHandle",
                "findStaticVarHandle");
        add(all, LOOKUP, ENTRY, "typeByHandle", "findClass");
        add(all, LOOKUP, ENTRY, "methodUnreflected", "unreflect", "unreflectSpecial");
        add(all, LOOKUP, ENTRY, "constructorUnreflected", "unreflectConstructor");
        add(all, LOOKUP, ENTRY, "fieldUnreflected", "unreflectGetter", "unreflectSetter", "unreflectVarHandle");
        add(all, "java.io.ObjectStreamClass", ENTRY, "serialized", "lookup", "lookupAny");
        add(all, "sun.misc.Unsafe", ENTRY, "allocated", "allocateInstance");
        add(all, "jdk.internal.foreign.abi.AbstractLinker", ENTRY, "downcall", "downcallHandle");
        add(all, "jdk.internal.foreign.abi.AbstractLinker", ENTRY, "downcallTo", "downcallHandle");
        add(all, "jdk.internal.foreign.abi.AbstractLinker", ENTRY, "upcall", "upcallStub");
        return List.copyOf(all);
    }

    private static void add(List<Target> all, String owner, Target.Moment moment, String hook, String... methods) {
        for (String method : methods) {
            all.add(new Target(owner, method, hook, moment));
        }
    }
}
