package dev.anneal.differential;

import static dev.anneal.differential.Out.say;

import java.text.SimpleDateFormat;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.chrono.HijrahDate;
import java.time.chrono.JapaneseDate;
import java.time.chrono.MinguoDate;
import java.time.chrono.ThaiBuddhistDate;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.time.temporal.WeekFields;
import java.util.Date;
import java.util.GregorianCalendar;
import java.util.List;
import java.util.Locale;
import java.util.TimeZone;

/** Time and its zones. The default one is the environment's. */
final class Times {
    private Times() {
    }

    private static final Program DEFAULTS = () -> {
        TimeZone zone = TimeZone.getDefault();
        say(zone.getID() + " " + ZoneId.systemDefault() + " " + zone.getRawOffset() + " " + zone.useDaylightTime());
        Instant winter = Instant.parse("2024-01-15T12:00:00Z");
        Instant summer = Instant.parse("2024-07-15T12:00:00Z");
        for (Instant instant : List.of(winter, summer)) {
            say(instant.atZone(ZoneId.systemDefault()) + " " + new Date(instant.toEpochMilli()));
        }
        say(new SimpleDateFormat("yyyy-MM-dd HH:mm zzz", Locale.ENGLISH).format(new Date(summer.toEpochMilli())));
    };

    static void list(Catalog catalog) {
        catalog.add("zoneUtc", "TZ=UTC", DEFAULTS)
                .add("zoneBerlin", "TZ=Europe/Berlin", DEFAULTS)
                .add("zoneKolkata", "TZ=Asia/Kolkata", DEFAULTS)
                .add("zoneNewYork", "TZ=America/New_York", DEFAULTS)
                .add("zoneOffset", "TZ=GMT+3", DEFAULTS)
                .add("zoneNonsense", "TZ=Nowhere/City", DEFAULTS)
                .add("zoneRules", () -> {
                    ZoneId berlin = ZoneId.of("Europe/Berlin");
                    say(ZonedDateTime.of(2024, 3, 31, 2, 30, 0, 0, berlin));
                    say(ZonedDateTime.of(2024, 10, 27, 2, 30, 0, 0, berlin).plusHours(1));
                    say(berlin.getRules().getTransition(LocalDateTime.of(2024, 10, 27, 2, 30)));
                    say(ZonedDateTime.of(1893, 4, 1, 0, 0, 0, 0, berlin).getOffset());
                    say(ZoneId.of("Australia/Lord_Howe").getRules().getOffset(Instant.parse("2024-01-01T00:00:00Z")));
                    say(ZoneId.getAvailableZoneIds().contains("America/Argentina/Ushuaia"));
                    say(TimeZone.getTimeZone("PST") + "".strip());
                }).add("chronologies", () -> {
                    say(JapaneseDate.of(2024, 5, 1) + " " + ThaiBuddhistDate.of(2567, 5, 1) + " " + MinguoDate.of(113, 5, 1));
                    say(WeekFields.of(Locale.US).getFirstDayOfWeek() + " " + ChronoUnit.DAYS.between(Instant.EPOCH, Instant.EPOCH.plus(Duration.ofDays(3))));
                    GregorianCalendar calendar = new GregorianCalendar(1582, 9, 4);
                    calendar.setTimeZone(TimeZone.getTimeZone("UTC"));
                    say(calendar.isLeapYear(1900));
                }).add("hijrah", () -> {
                    say(HijrahDate.of(1445, 1, 1));
                }).add("parsing", () -> {
                    say(OffsetDateTime.parse("2024-02-29T10:15:30+01:00").toInstant());
                    say(DateTimeFormatter.RFC_1123_DATE_TIME.format(Instant.EPOCH.atOffset(ZoneOffset.UTC)));
                    say(DateTimeFormatter.ofPattern("EEEE d MMMM uuuu", Locale.ENGLISH).format(Instant.EPOCH.atOffset(ZoneOffset.UTC)));
                    try {
                        LocalDateTime.parse("2023-02-29T00:00");
                    } catch (DateTimeParseException refused) {
                        say(refused.getMessage());
                    }
                    say(Duration.parse("PT1H30M").toMinutes());
                });
    }
}
