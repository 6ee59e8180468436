# The words of mails and pages in German.
#
# The same messages and variables as in en.ftl; a test compares them. Names of organizations, accounts and
# the like stand in „…“: they are not inflected, and need no article then.

language =
    .name = Deutsch
    .menu = Sprache

moment =
    .text = { $day }. { $month } { $year }, { $time } Uhr (UTC)

months =
    .m01 = Januar
    .m02 = Februar
    .m03 = März
    .m04 = April
    .m05 = Mai
    .m06 = Juni
    .m07 = Juli
    .m08 = August
    .m09 = September
    .m10 = Oktober
    .m11 = November
    .m12 = Dezember

## Mails

mail =
    .greeting = Guten Tag { $name },
    .greeting-nobody = Guten Tag,
    .fallback = Falls die Schaltfläche nicht funktioniert, öffnen Sie diesen Link im Browser:

# What somebody owns, as it stands in the sentences of the mails about that.
mail-owned =
    .organization = die Organisation „{ $organization }“
    .account = das Konto „{ $account }“ („{ $organization }“)

mail-invitation =
    .subject = Einladung von { $inviter } zu „{ $organization }“
    .subject-resent = Erinnerung: Einladung von { $inviter } zu „{ $organization }“
    .heading = Einladung zu „{ $organization }“
    .text = { $inviter } ({ $inviter-email }) lädt Sie ein, Mitglied von „{ $organization }“ zu werden.
    .resent = Diese E-Mail enthält einen neuen Link. Der Link in der vorigen E-Mail gilt nicht mehr.
    .quote = { $inviter } schreibt:
    .grants = Sie erhalten diese Rollen:
    .button = Einladung ansehen
    .note = Sie können die Einladung bis zum { $until } annehmen.
    .unexpected = Falls Sie diese Einladung nicht erwartet haben, können Sie diese E-Mail ignorieren: Es geschieht nichts, solange Sie nicht annehmen.
    .alone = Der Link ist nur für Sie bestimmt. Bitte leiten Sie ihn nicht weiter.

mail-invitation-expiring =
    .subject = Erinnerung: Ihre Einladung zu „{ $organization }“ läuft morgen ab
    .heading = Ihre Einladung läuft morgen ab
    .text = { $inviter } ({ $inviter-email }) hat Sie zu „{ $organization }“ eingeladen. Sie haben noch nicht geantwortet.
    .after = Danach gilt der Link nicht mehr, und { $inviter } müsste Sie noch einmal einladen.
    .button = Einladung ansehen
    .note = Sie können die Einladung bis zum { $until } annehmen.
    .unexpected = Falls Sie diese Einladung nicht erwartet haben, können Sie diese E-Mail ignorieren: Es geschieht nichts, solange Sie nicht annehmen.
    .alone = Der Link ist nur für Sie bestimmt. Bitte leiten Sie ihn nicht weiter.

mail-grants-applied =
    .subject = Sie haben neue Rollen bei „{ $organization }“
    .heading = Neue Rollen bei „{ $organization }“
    .text = { $granter } ({ $granter-email }) hat Ihnen weitere Rollen bei „{ $organization }“ gegeben. Sie gelten ab sofort; Sie brauchen nichts anzunehmen.
    .grants = Ihre neuen Rollen sind:
    .button = Anwendung öffnen
    .small-print = Sie erhalten diese E-Mail, weil Sie Mitglied von „{ $organization }“ sind. Falls Sie die neuen Rollen überraschen, fragen Sie { $granter }.

mail-invitation-accepted =
    .subject = { $invitee } ist jetzt bei „{ $organization }“
    .heading = { $invitee } ist da
    .text = { $invitee } ({ $invitee-email }) hat Ihre Einladung angenommen und ist jetzt Mitglied von „{ $organization }“.
    .small-print = Sie erhalten diese E-Mail, weil Sie { $invitee-email } eingeladen haben. Sie brauchen nichts zu tun.

mail-new-link-requested =
    .subject = { $invitee } bittet um einen neuen Link zu „{ $organization }“
    .heading = Bitte um einen neuen Link
    .text = Der Link Ihrer Einladung von { $invitee-email } zu „{ $organization }“ funktioniert nicht mehr. Jemand, der ihn hat, bittet um einen neuen.
    .text-other = { $inviter } hat { $invitee-email } zu „{ $organization }“ eingeladen, darf den versprochenen Zugang aber nicht mehr geben. Jemand, der den Link hat, bittet um einen neuen.
    .how = Um ihn zu senden, öffnen Sie die Anwendung, gehen Sie zu den Einladungen von „{ $organization }“ und senden Sie die für { $invitee-email } erneut. Wer sie erneut sendet, steht von da an für sie ein.
    .button = Anwendung öffnen
    .small-print = Der neue Link geht nur an { $invitee-email }. Falls { $invitee } nicht mehr Mitglied werden soll, müssen Sie nichts tun.

mail-access-removed =
    .subject = Sie sind nicht mehr Mitglied von „{ $organization }“
    .heading = Sie sind nicht mehr Mitglied von „{ $organization }“
    .text = { $remover } ({ $remover-email }) hat Sie aus „{ $organization }“ entfernt. Alle Ihre Rollen dort sind beendet.
    .small-print = Falls Sie das für ein Versehen halten, antworten Sie auf diese E-Mail: Ihre Antwort erreicht { $remover }.

mail-access-removed-account =
    .subject = Sie haben keinen Zugang mehr zum Konto „{ $account }“
    .heading = Kein Zugang mehr zu „{ $account }“
    .text = { $remover } ({ $remover-email }) hat Sie aus dem Konto „{ $account }“ von „{ $organization }“ entfernt. Alle Ihre Rollen dort sind beendet.
    .small-print = Sie sind weiterhin Mitglied von „{ $organization }“. Falls Sie das für ein Versehen halten, antworten Sie auf diese E-Mail: Ihre Antwort erreicht { $remover }.

mail-access-suspended =
    .subject = Ihr Zugang zu „{ $organization }“ ist gesperrt
    .heading = Ihr Zugang zu „{ $organization }“ ist gesperrt
    .text = { $remover } ({ $remover-email }) hat Ihren Zugang zu „{ $organization }“ gesperrt. Sie behalten Ihre Rollen, können sie aber nicht nutzen, bis Sie wieder zugelassen werden.
    .small-print = Falls Sie das für ein Versehen halten, antworten Sie auf diese E-Mail: Ihre Antwort erreicht { $remover }.

mail-verify-email =
    .subject = Bitte bestätigen Sie Ihre E-Mail-Adresse
    .heading = E-Mail-Adresse bestätigen
    .text = Jemand, hoffentlich Sie selbst, hat sich mit dieser Adresse registriert. Bitte bestätigen Sie, dass sie Ihnen gehört.
    .button = Adresse bestätigen
    .note = Der Link gilt bis zum { $until }.
    .small-print = Falls Sie es nicht waren, können Sie diese E-Mail ignorieren: Ohne Bestätigung bleibt die Adresse unbestätigt.

mail-password-reset =
    .subject = Neues Passwort wählen
    .heading = Neues Passwort wählen
    .text = Jemand, hoffentlich Sie selbst, möchte für diese Adresse ein neues Passwort setzen. Bis dahin gilt Ihr altes.
    .button = Passwort wählen
    .note = Der Link gilt einmal, bis zum { $until }.
    .small-print = Falls Sie es nicht waren, können Sie diese E-Mail ignorieren: Es hat sich nichts geändert, und niemand sonst hat den Link erhalten.

mail-password-changed =
    .subject = Ihr Passwort wurde geändert
    .heading = Ihr Passwort wurde geändert
    .text = Ihr Passwort wurde am { $at } geändert. Überall sonst wurden Sie abgemeldet.
    .button = Ich war das nicht
    .small-print = Falls Sie es waren, ist nichts zu tun. Falls nicht, wählen Sie sofort ein neues Passwort.

mail-email-change =
    .subject = Bitte bestätigen Sie Ihre neue E-Mail-Adresse
    .heading = Neue E-Mail-Adresse bestätigen
    .text = Sie möchten sich künftig mit dieser Adresse anmelden. Bitte bestätigen Sie, dass sie Ihnen gehört.
    .button = Adresse bestätigen
    .note = Der Link gilt einmal, bis zum { $until }.
    .small-print = Falls Sie es nicht waren, können Sie diese E-Mail ignorieren: Jemand hat sich bei seiner Adresse vertippt, und es hat sich nichts geändert.

mail-email-change-requested =
    .subject = Ihre E-Mail-Adresse soll geändert werden
    .heading = Ihre E-Mail-Adresse soll geändert werden
    .text = Am { $at } wollte jemand, der Ihr Passwort kennt, Ihre Adresse in { $new-email } ändern. Sie ändert sich, sobald jene Adresse bestätigt ist.
    .button = Ich war das nicht
    .small-print = Falls Sie es waren, ist hier nichts zu tun. Falls nicht, wählen Sie sofort ein neues Passwort: Das beendet auch die Änderung.

mail-email-changed =
    .subject = Ihre E-Mail-Adresse wurde geändert
    .heading = Ihre E-Mail-Adresse wurde geändert
    .text = Seit dem { $at } melden Sie sich mit { $new-email } an. Anderswo wurden Sie abgemeldet.
    .small-print = Falls Sie es nicht waren, wenden Sie sich sofort an die Verwaltung Ihrer Organisation.

mail-ownership-offered =
    .subject = { $owner } möchte Ihnen { $owned } übergeben
    .heading = Angebot zur Übergabe: { $owned }
    .text = { $owner } ({ $owner-email }) möchte Ihnen { $owned } übergeben.
    .consequence = Wenn Sie annehmen, treten Sie als alleiniger Inhaber an die Stelle von { $owner }. Bis dahin ändert sich nichts.
    .button = Anwendung öffnen
    .note = Sie können das Angebot bis zum { $until } annehmen.
    .small-print = Falls Sie dieses Angebot nicht erwartet haben, fragen Sie { $owner } oder lehnen Sie es ab: Es geschieht nichts, solange Sie nicht annehmen.

mail-ownership-accepted =
    .subject = { $other } besitzt jetzt { $owned }
    .heading = Ihr Angebot wurde angenommen
    .text = { $other } ({ $other-email }) hat Ihr Angebot angenommen und besitzt jetzt { $owned }.
    .role = Ihre Rolle dort ist jetzt: { $role }.
    .nothing-to-do = Sie brauchen nichts zu tun.

mail-ownership-declined =
    .subject = { $other } möchte { $owned } nicht übernehmen
    .heading = Ihr Angebot wurde abgelehnt
    .text = { $other } ({ $other-email }) hat Ihr Angebot abgelehnt, { $owned } zu übernehmen. Alles bleibt in Ihrem Besitz.
    .nothing-to-do = Sie brauchen nichts zu tun.

mail-ownership-withdrawn =
    .subject = Angebot zurückgezogen: { $owned }
    .heading = Das Angebot wurde zurückgezogen
    .text = { $other } ({ $other-email }) wollte Ihnen { $owned } übergeben. Dieses Angebot wurde zurückgezogen und kann nicht mehr angenommen werden.
    .nothing-to-do = Sie brauchen nichts zu tun.

mail-ownership-expired =
    .subject = Ihr Angebot an { $other } ist abgelaufen
    .heading = Ihr Angebot ist abgelaufen
    .text = { $other } ({ $other-email }) hat auf Ihr Angebot, { $owned } zu übernehmen, nicht rechtzeitig geantwortet. Alles bleibt in Ihrem Besitz, und Sie können das Angebot erneut machen.

mail-email-domain-lapsed =
    .subject = { $domain } ist für „{ $organization }“ nicht mehr bestätigt
    .heading = { $domain } ist nicht mehr bestätigt
    .text = Der DNS-Eintrag, der zeigt, dass { $domain } zu „{ $organization }“ gehört, fehlt seit drei Tagen. Bis er wieder da ist, kann niemand mit einer Adresse bei { $domain } von sich aus beitreten, und andere Organisationen dürfen dort einladen.
    .remedy = Um die Domain zu behalten, legen Sie einen TXT-Eintrag { $record } mit dem Wert { $value } an. Er wird täglich gesucht; sobald er da ist, gilt die Domain wieder; von sich aus beitreten kann erst dann jemand, wenn Sie es wieder erlauben.
    .button = Anwendung öffnen
    .small-print = Sie erhalten diese E-Mail, weil Sie sich für „{ $organization }“ um diese Domain kümmern.

mail-join-requested =
    .subject = { $asker } möchte „{ $organization }“ beitreten
    .heading = { $asker } bittet um Aufnahme
    .text = { $asker } ({ $asker-email }) bittet um Aufnahme bei „{ $organization }“. Die Adresse ist bestätigt und gehört zur Domain { $domain }; wer dort eine Adresse hat, darf darum bitten.
    .next = Öffnen Sie die Anwendung, um die Anfrage anzunehmen oder abzulehnen.
    .quote = { $asker } schreibt:
    .button = Anwendung öffnen
    .small-print = Sie erhalten diese E-Mail, weil Sie entscheiden, wer Mitglied von „{ $organization }“ wird. Solange niemand antwortet, kommt { $asker } nicht hinein.

mail-join-approved =
    .subject = Willkommen bei „{ $organization }“
    .heading = Sie sind dabei
    .text = { $approver } ({ $approver-email }) hat Ihre Anfrage angenommen: Sie sind jetzt Mitglied von „{ $organization }“.
    .grants = Ihre Rollen sind:
    .button = Anwendung öffnen
    .small-print = Sie erhalten diese E-Mail, weil Sie um Aufnahme bei „{ $organization }“ gebeten haben.

mail-join-declined =
    .subject = Ihre Anfrage bei „{ $organization }“
    .heading = Ihre Anfrage wurde abgelehnt
    .text = Jemand aus der Verwaltung von „{ $organization }“ hat Ihre Bitte um Aufnahme abgelehnt.
    .small-print = Sie erhalten diese E-Mail, weil Sie um Aufnahme bei „{ $organization }“ gebeten haben. Falls Sie das für einen Irrtum halten, sprechen Sie mit jemandem, der dort arbeitet.

mail-member-joined =
    .subject = { $member } ist jetzt bei „{ $organization }“
    .heading = { $member } ist da
    .text = { $member } ({ $member-email }) ist jetzt Mitglied von „{ $organization }“: Wer eine Adresse bei { $domain } hat, darf nach Ihrer Einstellung selbst beitreten.
    .grants = Die Rollen sind:
    .small-print = Sie erhalten diese E-Mail, weil Sie dafür einstehen, welche Rollen auf diesem Weg vergeben werden. Falls jemand nicht dazugehört, entfernen oder sperren Sie die Person in der Anwendung.

## Pages

page-invitation =
    .heading = Einladung zu „{ $organization }“
    .text = { $inviter } lädt Sie ein, Mitglied von „{ $organization }“ zu werden.
    .until = Sie können bis zum { $until } annehmen.
    .quote = { $inviter } schreibt:
    .grants = Sie erhalten diese Rollen
    .form = Einladung annehmen
    .signed-in = Sie sind angemeldet als { $viewer } ({ $viewer-email }).
    .sign-up = Die Einladung gilt für { $masked-email }. Ihr Link beweist, dass diese Adresse Ihnen gehört; Sie müssen nur noch ein Passwort wählen.
    .sign-in = Die Einladung gilt für { $masked-email }. Zu dieser Adresse gibt es schon ein Passwort; geben Sie es ein, um anzunehmen.
    .other-user = Die Einladung gilt für { $masked-email }. Falls auch diese Adresse Ihnen gehört, melden Sie sich hier ab, um mit ihr fortzufahren.
    .join = „{ $organization }“ beitreten
    .sign-in-and-join = Anmelden und „{ $organization }“ beitreten
    .sign-out = Abmelden und fortfahren
    .forgot = Passwort vergessen?
    .decline = Ich möchte nicht beitreten

# Where a promised role is: after the role's name.
page-grant =
    .organization = in der Organisation „{ $name }“
    .account = im Konto „{ $name }“
    .subaccount = im Unterkonto „{ $name }“ von „{ $parent }“
    .billing-group = für die Abrechnungsgruppe „{ $name }“
    .until = { $place }, bis zum { $until }

page-invitation-expired =
    .heading = Diese Einladung ist abgelaufen
    .text = { $inviter } hat Sie zu „{ $organization }“ eingeladen, aber die Frist zum Annehmen ist vorbei.

page-invitation-revoked =
    .heading = Diese Einladung wurde zurückgezogen
    .text = { $inviter } hat Sie zu „{ $organization }“ eingeladen, aber die Einladung wurde zurückgezogen.
    .next = Falls Sie das für ein Versehen halten, fragen Sie { $inviter }.

page-invitation-declined =
    .heading = Diese Einladung wurde abgelehnt
    .text = { $inviter } hat Sie zu „{ $organization }“ eingeladen, und die Einladung wurde abgelehnt. Es ist nichts mehr zu tun.
    .next = Falls das ein Versehen war, bitten Sie { $inviter } um eine neue Einladung.

page-invitation-accepted =
    .heading = Diese Einladung wurde angenommen
    .text = { $inviter } hat Sie zu „{ $organization }“ eingeladen, und die Einladung wurde bereits angenommen.
    .next = Melden Sie sich in Ihrer Anwendung an, um fortzufahren.

page-invitation-inviter-lost-access =
    .heading = Diese Einladung gilt nicht mehr
    .text = { $inviter } hat Sie zu „{ $organization }“ eingeladen, darf Ihnen den versprochenen Zugang aber nicht mehr geben.

# Asking for a new link, on the pages of links that no longer work.
page-new-link =
    .ask = Sie können hier um einen neuen Link bitten. Er geht an die eingeladene Adresse, sobald jemand bei „{ $organization }“ zustimmt.
    .asked = Am { $asked } wurde um einen neuen Link gebeten. Er geht an die eingeladene Adresse, sobald jemand bei „{ $organization }“ zustimmt. Nach einem Tag können Sie noch einmal bitten.
    .button = Um einen neuen Link bitten

page-invitation-seats-exhausted =
    .heading = Es ist kein Platz mehr frei
    .text = { $inviter } hat Sie zu „{ $organization }“ eingeladen, aber dort ist zurzeit kein Platz mehr frei.
    .next = Bitten Sie { $inviter }, Platz für Sie zu schaffen, und kommen Sie dann auf diese Seite zurück.
    .until = Die Einladung gilt bis zum { $until }.

page-decline =
    .heading = Einladung zu „{ $organization }“ ablehnen?
    .text = Der Link gilt dann nicht mehr. Falls Sie es sich anders überlegen, muss { $inviter } Sie noch einmal einladen.
    .button = Ablehnen
    .back = Zurück zur Einladung

page-unsubscribe =
    .heading = Keine E-Mails mehr über Einladungen von „{ $organization }“?
    .text = „{ $organization }“ schickt dann keine E-Mails über Einladungen mehr an { $masked-email }. Ihre jetzige Einladung bleibt, wie sie ist.
    .button = Keine E-Mails mehr schicken
    .back = Zurück zur Einladung

page-unsubscribed =
    .heading = Keine E-Mails mehr über Einladungen
    .text = „{ $organization }“ schickt keine E-Mails über Einladungen mehr an { $masked-email }. Ihre jetzige Einladung bleibt, wie sie ist.
    .button = Doch wieder schicken
    .back = Zurück zur Einladung

page-welcome =
    .heading = Willkommen, { $name }
    .account = Sie sind im Konto „{ $account }“ von „{ $organization }“.
    .account-as = Sie sind im Konto „{ $account }“ von „{ $organization }“, als { $roles }.
    .subaccount = Sie sind im Konto „{ $account }“ (in „{ $parent }“) von „{ $organization }“.
    .subaccount-as = Sie sind im Konto „{ $account }“ (in „{ $parent }“) von „{ $organization }“, als { $roles }.
    .next = Sie können diese Seite jetzt schließen. Öffnen Sie Ihre Anwendung und melden Sie sich dort als { $email } mit Ihrem Passwort an.
    .nowhere = Sie sind dabei, aber es gibt noch kein Konto, das Sie öffnen können.
    .nowhere-next = Bitten Sie die Person, die Sie eingeladen hat, oder die Verwaltung um Zugang zu einem Konto.

# Several things in a row.
list =
    .more = { $list }, { $item }
    .last = { $list } und { $item }

page-signed-out =
    .heading = Sie sind hier abgemeldet
    .text = Öffnen Sie Ihre Anwendung und melden Sie sich dort mit Ihrer Adresse und Ihrem Passwort an.

page-verify-email =
    .heading = E-Mail-Adresse bestätigen
    .text = Dieser Link kam mit einer E-Mail zu Ihnen. Mit der Schaltfläche bestätigen Sie, dass die Adresse Ihnen gehört.
    .button = Adresse bestätigen

page-verify-email-done =
    .heading = Ihre Adresse ist bestätigt
    .text = Vielen Dank. Sie können diese Seite jetzt schließen.

page-verify-email-refused =
    .heading = Dieser Link funktioniert nicht
    .text = Falls Sie Ihre Adresse schon bestätigt haben, ist nichts mehr zu tun.
    .next = Prüfen Sie sonst, ob Sie den ganzen Link aus der neuesten E-Mail geöffnet haben: Ein Link gilt nur einmal und nur für einige Tage.

# For those whose address is at a domain of an organization's own.
page-join =
    .heading = Zu Ihren Kolleginnen und Kollegen
    .text = Melden Sie sich mit der Adresse an, die Sie bestätigt haben.
    .button = Anmelden
    .forgot = Passwort vergessen?

page-door =
    .heading = „{ $organization }“ beitreten
    .may-join = Wer eine Adresse bei { $domain } hat, darf „{ $organization }“ selbst beitreten.
    .may-ask = Wer eine Adresse bei { $domain } hat, darf um Aufnahme bei „{ $organization }“ bitten. Die Verwaltung entscheidet, und Sie erhalten eine E-Mail.
    .asked = Sie haben am { $at } um Aufnahme bei „{ $organization }“ gebeten. Sobald jemand geantwortet hat, erhalten Sie eine E-Mail.
    .contact = Ihre Adresse ist bei { $domain }, und diese Domain gehört „{ $organization }“. Um beizutreten, bitten Sie um eine Einladung: { $contact }
    .join = „{ $organization }“ beitreten
    .ask = Um Aufnahme bei „{ $organization }“ bitten

page-verify-email-door =
    .heading = Ihre Adresse ist bestätigt
    .text = Vielen Dank. Sie können diese Seite jetzt schließen oder fortfahren:
    .door = Ihre Adresse ist bei { $domain }, und diese Domain gehört „{ $organization }“.
    .go-on = So treten Sie „{ $organization }“ bei

page-forgot-password =
    .heading = Passwort vergessen?
    .text = Wir schicken Ihnen einen Link, mit dem Sie ein neues Passwort wählen können.
    .button = Link schicken

page-forgot-password-sent =
    .heading = Sehen Sie in Ihrem Posteingang nach
    .text = Falls jemand hier diese Adresse hat, ist eine E-Mail mit einem Link unterwegs. Er gilt eine Stunde.
    .next = Nach einigen Minuten noch nichts? Sehen Sie im Spam-Ordner nach, oder prüfen Sie die Adresse.

page-reset-password =
    .heading = Neues Passwort wählen
    .text = Sie werden überall abgemeldet.
    .button = Passwort setzen

page-reset-password-done =
    .heading = Ihr Passwort ist gesetzt
    .text = Öffnen Sie Ihre Anwendung und melden Sie sich dort mit dem neuen Passwort an.

page-reset-password-refused =
    .heading = Dieser Link gilt nicht
    .text = Ein Link gilt einmal, eine Stunde lang.
    .again = Neuen Link schicken

page-change-email =
    .heading = Neue E-Mail-Adresse bestätigen
    .text = Mit der Schaltfläche bestätigen Sie, dass diese Adresse Ihnen gehört. Sie melden sich dann mit ihr an und werden überall abgemeldet.
    .button = Adresse bestätigen

page-change-email-done =
    .heading = Ihre Adresse ist geändert
    .text = Melden Sie sich ab jetzt mit der neuen Adresse an. Ihr Passwort ist dasselbe.

page-change-email-refused =
    .heading = Dieser Link gilt nicht
    .text = Ein Link gilt einmal, eine Stunde lang, und nur der neueste. Falls Sie die Adresse schon bestätigt haben, ist nichts mehr zu tun.
    .next = Falls sich jemand anders mit dieser Adresse anmeldet, kann sie nicht auch Ihre sein.

page-front =
    .heading = Rolecall
    .text = Dieser Server weiß, wer in welcher Organisation mit welchen Rollen arbeitet.
    .production = Ihre Anwendung spricht mit ihm; hier ist nichts zu tun.
    .development = Er ist für die Entwicklung eingerichtet:

page-application =
    .open = Anwendung öffnen

page-tools =
    .graphiql = GraphiQL: die Schnittstelle ausprobieren
    .mailbox = Postfach: die E-Mails lesen

# What forms ask for.
field =
    .name = Ihr Name
    .email = E-Mail-Adresse
    .password = Passwort
    .new-password = Neues Passwort
    .password-hint = Mindestens { $min } Zeichen.

# Instead of a page.

trouble-unknown =
    .heading = Hier ist nichts
    .text = Falls Sie einem Link aus einer E-Mail gefolgt sind: Prüfen Sie, ob Sie den ganzen Link aus der neuesten E-Mail geöffnet haben.
    .next = Funktioniert er immer noch nicht? Bitten Sie die Person, die ihn geschickt hat, um einen neuen.

trouble-forged =
    .heading = Dieses Formular kam von einer fremden Seite
    .text = Es wurde nicht von einer unserer eigenen Seiten gesendet, darum ist nichts geschehen. Öffnen Sie den Link in Ihrer E-Mail und machen Sie von dort aus weiter.

trouble-unreadable =
    .heading = Dieses Formular ist nicht lesbar
    .text = Es ist nichts geschehen. Gehen Sie zurück, prüfen Sie Ihre Eingaben und versuchen Sie es noch einmal.

trouble-refused =
    .heading = Das ist nicht möglich
    .text = Es ist nichts geschehen. Fragen Sie die Person, die Sie eingeladen hat, oder die Verwaltung.

trouble-conflict =
    .heading = Bitte versuchen Sie es noch einmal
    .text = Im selben Augenblick hat sich etwas anderes geändert, darum ist nichts geschehen. Gehen Sie zurück und versuchen Sie es noch einmal.

trouble-too-many =
    .heading = Zu viele Versuche
    .text = Es ist nichts geschehen. Warten Sie eine Minute, gehen Sie zurück und versuchen Sie es noch einmal.

trouble-ours =
    .heading = Etwas ist schiefgegangen
    .text = Das ist unser Fehler, nicht Ihrer. Bitte versuchen Sie es in einigen Minuten noch einmal.
    .next = Falls es wieder geschieht, melden Sie es denen, die diesen Server betreiben, und nennen Sie diese Anfrage: { $request }

# Why a form was not accepted, and what to do about it.
refusal =
    .heading = Bitte prüfen Sie
    .name = Geben Sie Ihren Namen ein: 1 bis { $max } Zeichen in einer Zeile.
    .password = Wählen Sie ein Passwort mit { $min } bis { $max } Zeichen.
    .weak-password = Dieses Passwort ist leicht zu erraten. Nehmen Sie mehrere Wörter, die nicht zusammengehören, und weder Ihren Namen noch Ihre Adresse.
    .email = Geben Sie eine E-Mail-Adresse ein, etwa ann@corp.example.
    .credentials = Das ist nicht das Passwort zu dieser Adresse.
    .sign-in = Geben Sie Ihr Passwort ein, um anzunehmen.
    .wrong-user = Die Einladung gilt für eine andere Adresse als die, mit der Sie angemeldet sind.
    .not-joinable = Sie können zurzeit nicht selbst beitreten. Bitten Sie um Aufnahme oder jemanden dort um eine Einladung.
    .not-verified = Bestätigen Sie zuerst Ihre Adresse: Öffnen Sie den Link in der E-Mail, die Sie bei der Registrierung erhalten haben.
    .asked-too-often = Sie haben zu oft gebeten. Bitten Sie jemanden dort um eine Einladung.
    .other = Die Einladung kann so nicht angenommen werden. Bitten Sie die Person, die Sie eingeladen hat, um eine neue.
