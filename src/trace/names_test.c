#include "trace/names.h"

#include <string.h>

#include "base/tap.h"

/* name, the address it was found for, what is told */
static const struct {
    const char *name, *ip;
    enum name_kind kind;
    const char *provider;
} cases[] = {
    /* clang-format off */
    {"p758131-ipngnfx01marunouchi.tokyo.ocn.ne.jp", NULL, NAME_LINE, "OCN"},
    {"p1234567-ipbf01hodogaya.kanagawa.ocn.ne.jp", NULL, NAME_LINE, "OCN"},
    {"p3345-ipxg00101kamokounan.hiroshima.ocn.ne.jp", NULL, NAME_LINE, "OCN"},
    {"p12345-ipoe.ipoe.ocn.ne.jp", NULL, NAME_LINE, "OCN"},
    {"i220-108-1-2.s02.a014.ap.plala.or.jp", NULL, NAME_LINE, "Plala"},
    {"i118-16-1-2.s41.a027.ap.plala.or.jp", NULL, NAME_LINE, "Plala"},
    {"i60-34-1-2.s30.a048.ap.plala.or.jp", NULL, NAME_LINE, "Plala"},
    {"p76ed4c0f.tkynt01.ap.so-net.ne.jp", NULL, NAME_LINE, "So-net"},
    {"pdbdc1a2b.tkyoea00.ap.so-net.ne.jp", NULL, NAME_LINE, "So-net"},
    {"p1234-cm.tokyo.so-net.ne.jp", NULL, NAME_LINE, "So-net"},
    {"fp76f19f12.tkyea121.ap.nuro.jp", NULL, NAME_LINE, "NURO"},
    {"FL1-118-109-1-2.tky.mesh.ad.jp", NULL, NAME_LINE, "BIGLOBE"},
    {"FLH1Aab123.tky.mesh.ad.jp", NULL, NAME_LINE, "BIGLOBE"},
    {"FLA1Abc012.osk.mesh.ad.jp", NULL, NAME_LINE, "BIGLOBE"},
    {"KHP222000001002.ppp-bb.dion.ne.jp", NULL, NAME_LINE, "au one net"},
    {"KD027085000001.ppp-bb.dion.ne.jp", NULL, NAME_LINE, "au one net"},
    {"ZP012345.ppp.dion.ne.jp", NULL, NAME_LINE, "au one net"},
    {"zz2012345678D2A1.userreverse.dion.ne.jp", NULL, NAME_LINE, "au one net"},
    {"118-105-1-2f1.hyg1.eonet.ne.jp", NULL, NAME_LINE, "eo"},
    {"58-190-1-2f1.shg1.eonet.ne.jp", NULL, NAME_LINE, "eo"},
    {"58-190-1-2.eonet.ne.jp", NULL, NAME_LINE, "eo"},
    {"125-1-2-3f1.nar1.eonet.ne.jp", NULL, NAME_LINE, "eo"},
    {"v012345.ppp.asahi-net.or.jp", NULL, NAME_LINE, "ASAHI"},
    {"f012345.dynamic.ppp.asahi-net.or.jp", NULL, NAME_LINE, "ASAHI"},
    {"ntfkok123456.fkok.nt.ftth.ppp.infoweb.ne.jp", NULL, NAME_LINE, "@nifty"},
    {"ntkngw012345.kngw.nt.adsl.ppp.infoweb.ne.jp", NULL, NAME_LINE, "@nifty"},
    {"nttkyo012345.tkyo.nt.ngn.ppp.infoweb.ne.jp", NULL, NAME_LINE, "@nifty"},
    {"ntsitm123.sitm.nt.ftth4.nifty.com", NULL, NAME_LINE, "@nifty"},
    {"softbank126000000001.bbtec.net", NULL, NAME_LINE, "Yahoo! BB"},
    {"softbank219001002003.bbtec.net", NULL, NAME_LINE, "Yahoo! BB"},
    {"YahooBB219001002003.bbtec.net", NULL, NAME_LINE, "Yahoo! BB"},
    {"zaq3d2e1234.zaq.ne.jp", NULL, NAME_LINE, "J:COM"},
    {"zaqdadc1234.rev.zaq.ne.jp", NULL, NAME_LINE, "J:COM"},
    {"119-173-1-2.rev.home.ne.jp", NULL, NAME_LINE, "J:COM"},
    {"d61-11-1-2.jcom.home.ne.jp", NULL, NAME_LINE, "J:COM"},
    {"tkyo012.ppp01.hi-ho.ne.jp", NULL, NAME_LINE, "hi-ho"},
    {"osk12-p34.flets.hi-ho.ne.jp", NULL, NAME_LINE, "hi-ho"},
    {"tky10-p1.hi-ho.ne.jp", NULL, NAME_LINE, "hi-ho"},
    {"PPPbm123.tokyo-ip.dti.ne.jp", NULL, NAME_LINE, "DTI"},
    {"PPPax1234.kanagawa-ip.dti.ne.jp", NULL, NAME_LINE, "DTI"},
    {"x210-165-1-2.wakwak.ne.jp", NULL, NAME_LINE, "WAKWAK"},
    {"g2.222-224-1.ppp.wakwak.ne.jp", NULL, NAME_LINE, "WAKWAK"},
    {"mail-1.wakwak.ne.jp", NULL, NAME_SERVER, NULL},
    {"p202-157-1-2.tnc.ne.jp", NULL, NAME_LINE, "TOKAI"},
    {"h219-110-1-2.thn.ne.jp", NULL, NAME_LINE, "TOKAI"},
    {"14-132-1-2.aichiwest1.commufa.jp", NULL, NAME_LINE, "commufa"},
    {"180-144-1-2.gifunansei1.commufa.jp", NULL, NAME_LINE, "commufa"},
    {"1x2x3x4.ap59.ftth.ucom.ne.jp", NULL, NAME_LINE, "UCOM"},
    {"61x1x2x3.ap61.ftth.ucom.ne.jp", NULL, NAME_LINE, "UCOM"},
    {"p221-1-2-3.dream.jp", NULL, NAME_LINE, "dream.jp"},
    {"EAOcf-01p1-2.ppp15.odn.ad.jp", NULL, NAME_LINE, "ODN"},
    {"sndr012.ppp11.odn.ne.jp", NULL, NAME_LINE, "ODN"},
    {"tky012.ppp45.iij4u.or.jp", NULL, NAME_LINE, "IIJ"},
    {"pl12345.ag1001.nttpc.ne.jp", NULL, NAME_LINE, "NTTPC"},
    {"1.2.3.4.xdsl.vectant.ne.jp", NULL, NAME_LINE, "ARTERIA"},
    {"M106073012345.v4.enabler.ne.jp", NULL, NAME_LINE, "v6plus"},
    {"14.8.1.2.shared.user.transix.jp", NULL, NAME_LINE, "transix"},
    {"i58-95-1-2.s41.a014.ap.gmo-access.jp", NULL, NAME_LINE, "GMO"},
    {"122-1-2-3.catv.ne.jp", NULL, NAME_LINE, "CATV"},
    {"cm-1-2-3-4.catv-yokohama.ne.jp", NULL, NAME_LINE, "CATV"},
    {"h12-34.tokyu-net.catv.ne.jp", NULL, NAME_LINE, "CATV"},
    {"mail.catvy.ne.jp", NULL, NAME_SERVER, NULL},
    {"cm012.catvy.ne.jp", NULL, NAME_POOL, NULL},
    {"61-114-1-2.ppp.bbiq.jp", NULL, NAME_LINE, "BBIQ"},
    {"ppps0123.hakata02.bbiq.jp", NULL, NAME_LINE, "BBIQ"},
    {"opt-203-112-1-2.static.client.pikara.ne.jp", NULL, NAME_SERVER, "Pikara"},
    {"1-2-3-4.pikara.ne.jp", NULL, NAME_LINE, "Pikara"},
    {"2.1.7.202.megaegg.ne.jp", NULL, NAME_LINE, "MEGA EGG"},
    {"122.223.1.2.ap.gmobb-fix.jp", NULL, NAME_SERVER, "GMO"},
    {"120-51-1-2.tokyo.ap.gmo-isp.jp", NULL, NAME_LINE, "GMO"},
    {"2.1.255.124.ap.yournet.ne.jp", NULL, NAME_LINE, "freebit"},
    {"2.1.102.121.dy.bbexcite.jp", NULL, NAME_LINE, "excite"},
    {"2.1.111.219.st.bbexcite.jp", NULL, NAME_SERVER, "excite"},
    {"133-32-1-2.west.xps.vectant.ne.jp", NULL, NAME_LINE, "ARTERIA"},
    {"p12.ap.dream.jp", NULL, NAME_LINE, "dream.jp"},
    {"members.jcom.home.ne.jp", NULL, NAME_UNKNOWN, NULL},
    {"nfmv001002003.uqw.ppp.infoweb.ne.jp", NULL, NAME_MOBILE, "@nifty"},
    {"foma12.tky.mesh.ad.jp", NULL, NAME_MOBILE, "BIGLOBE"},
    {"sp1-75-1-2.msb.spmode.ne.jp", NULL, NAME_MOBILE, "docomo"},
    {"sp49-98-1-2.msd.spmode.ne.jp", NULL, NAME_MOBILE, "docomo"},
    {"sp110-163-1-2.msb.spmode.ne.jp", NULL, NAME_MOBILE, "docomo"},
    {"KD106000000001.au-net.ne.jp", NULL, NAME_MOBILE, "au"},
    {"KD182250001002.au-net.ne.jp", NULL, NAME_MOBILE, "au"},
    {"UQ036011001002.au-net.ne.jp", NULL, NAME_MOBILE, "UQ WiMAX"},
    {"pw126000000001.20.panda-world.ne.jp", NULL, NAME_MOBILE, "SoftBank"},
    {"pw126033001002.23.panda-world.ne.jp", NULL, NAME_MOBILE, "SoftBank"},
    {"om126000000001.openmobile.ne.jp", NULL, NAME_MOBILE, "Y!mobile"},
    {"om126208001002.22.openmobile.ne.jp", NULL, NAME_MOBILE, "Y!mobile"},
    {"ai126167001002.37.access-internet.ne.jp", NULL, NAME_MOBILE, "SoftBank"},
    {"mo49-107-1-2.air.mopera.net", NULL, NAME_MOBILE, "docomo"},
    {"em1-114-1-2.pool.e-mobile.ne.jp", NULL, NAME_MOBILE, "Y!mobile"},
    {"P061198001002.ppp.prin.ne.jp", NULL, NAME_MOBILE, "Y!mobile"},
    {"202.176.224.1.rev.vmobile.jp", NULL, NAME_MOBILE, "IIJmio"},
    {"2.1.5.103.wi-fi.wi2.ne.jp", NULL, NAME_MOBILE, "Wi2"},
    {"service.wi2.ne.jp", NULL, NAME_UNKNOWN, NULL},
    {"e0109-106-188-1-2.uqwimax.jp", NULL, NAME_MOBILE, "UQ WiMAX"},
    {"www.uqwimax.jp", NULL, NAME_SERVER, NULL},
    {"c-73-1-2-3.hsd1.ca.comcast.net", NULL, NAME_LINE, "Comcast"},
    {"cpe-24-1-2-3.nyc.res.rr.com", NULL, NAME_LINE, "Spectrum"},
    {"pool-96-1-2-3.nycmny.fios.verizon.net", NULL, NAME_LINE, "Verizon"},
    {"p5b2a1c0d.dip0.t-ipconnect.de", NULL, NAME_LINE, "Deutsche Telekom"},
    {"lfbn-par-1-234-5.w90-1.abo.wanadoo.fr", NULL, NAME_LINE, "Orange"},
    {"135.205.136.77.rev.sfr.net", NULL, NAME_LINE, "SFR"},
    {"host67-186-dynamic.26-79-r.retail.telecomitalia.it", NULL, NAME_LINE, "TIM"},
    {"1-160-1-2.dynamic-ip.hinet.net", NULL, NAME_LINE, "HiNet"},
    {"85.96.1.2.dynamic.ttnet.com.tr", NULL, NAME_LINE, "Turk Telekom"},
    {"88-1-2-3.dynamicip.rima-tde.net", NULL, NAME_LINE, "Telefonica"},
    {"179-1-2-3.user3p.v-tal.net.br", NULL, NAME_LINE, "V.tal"},
    {"dynamic-1-2.example.net", NULL, NAME_POOL, NULL},
    {"adsl-99.example.net", NULL, NAME_POOL, NULL},
    {"dhcp7.example.edu", NULL, NAME_POOL, NULL},
    {"host-192-0-2-1.example.net", "192.0.2.1", NAME_POOL, NULL},
    {"1.2.0.192.example.net", "192.0.2.1", NAME_POOL, NULL},
    {"192.0.2.1.example.net", "192.0.2.1", NAME_POOL, NULL},
    {"c0000201.example.net", "192.0.2.1", NAME_POOL, NULL},
    {"x010200c0.example.net", "192.0.2.1", NAME_POOL, NULL},
    {"h192000002001.example.net", "192.0.2.1", NAME_POOL, NULL},
    {"ip-192x0x2x1.example.net", "192.0.2.1", NAME_POOL, NULL},
    {"user-192_0_2_1.example.net", "192.0.2.1", NAME_POOL, NULL},
    {"pool-7.example.net", NULL, NAME_POOL, NULL},
    {"ppp123.example.net", NULL, NAME_POOL, NULL},
    {"cable-12.example.net", NULL, NAME_POOL, NULL},
    {"cpe-0a1b2c.example.net", NULL, NAME_POOL, NULL},
    {"client-3-4.example.net", NULL, NAME_POOL, NULL},
    {"DSL-7.EXAMPLE.net", NULL, NAME_POOL, NULL},
    {"ftth.city.example.net", NULL, NAME_POOL, NULL},
    {"1-2-3-4.example.net", NULL, NAME_POOL, NULL},
    {"flets.example.jp", NULL, NAME_POOL, NULL},
    {"mobile-12.example.net", NULL, NAME_POOL, NULL},
    {"wimax7.example.net", NULL, NAME_POOL, NULL},
    {"dialup-3.example.net", NULL, NAME_POOL, NULL},
    {"7.hsd1.example.net", NULL, NAME_POOL, NULL},
    {"mail.example.jp", NULL, NAME_SERVER, NULL},
    {"smtp-out-192-0-2-1.example.jp", "192.0.2.1", NAME_SERVER, NULL},
    {"mx1.example.jp", NULL, NAME_SERVER, NULL},
    {"mx-192-0-2-1.example.net", "192.0.2.1", NAME_SERVER, NULL},
    {"static-192-0-2-1.example.net", "192.0.2.1", NAME_SERVER, NULL},
    {"192-0-2-1.static.dsl.example.net", "192.0.2.1", NAME_SERVER, NULL},
    {"relay.pool.example.net", NULL, NAME_SERVER, NULL},
    {"mail-yw1-f169.google.com", "209.85.128.169", NAME_SERVER, NULL},
    {"o1678912345.outbound-mail.sendgrid.net", "167.89.12.34", NAME_SERVER, NULL},
    {"a1-2.smtp-out.ap-northeast-1.amazonses.com", "54.240.1.2", NAME_SERVER, NULL},
    {"mta-or01.biglobe.ne.jp", NULL, NAME_SERVER, NULL},
    {"mail-n11.spmode.ne.jp", NULL, NAME_SERVER, NULL},
    {"mail0123.dreamhost.example", NULL, NAME_SERVER, NULL},
    {"smtp.ppp.example.jp", NULL, NAME_SERVER, NULL},
    {"www12.sakura.ne.jp", NULL, NAME_SERVER, NULL},
    {"sv-out.mailgw.example.jp", NULL, NAME_SERVER, NULL},
    {"vps-1-2-3-4.example.jp", NULL, NAME_SERVER, NULL},
    {"mx.cable.example.net", NULL, NAME_SERVER, NULL},
    {"lists.example.org", NULL, NAME_SERVER, NULL},
    {"ns1.dsl.example.net", NULL, NAME_SERVER, NULL},
    {"mail.ap.example.ne.jp", NULL, NAME_SERVER, NULL},
    {"web-12.cust.example.net", NULL, NAME_SERVER, NULL},
    {"mailgw-192-0-2-1.customer.example.net", "192.0.2.1", NAME_SERVER, NULL},
    {"ec2-1-2-3-4.compute-1.amazonaws.com", NULL, NAME_RENTED, "Amazon"},
    {"ec2-18-1-2-3.ap-northeast-1.compute.amazonaws.com", NULL, NAME_RENTED, "Amazon"},
    {"180.51.123.34.bc.googleusercontent.com", NULL, NAME_RENTED, "Google"},
    {"static.4.3.2.1.clients.your-server.de", NULL, NAME_RENTED, "Hetzner"},
    {"ip-1-2-3-4.ip.secureserver.net", NULL, NAME_RENTED, "GoDaddy"},
    {"li1234-56.members.linode.com", NULL, NAME_RENTED, "Linode"},
    {"vmi123456.contaboserver.net", NULL, NAME_RENTED, "Contabo"},
    {"ns3123456.ip-51-1-2.eu", NULL, NAME_RENTED, "OVH"},
    {"ik1-123-45678.vs.sakura.ne.jp", NULL, NAME_RENTED, "Sakura"},
    {"v150-95-1-2.a0b1.g.tyo1.static.cnode.io", NULL, NAME_RENTED, "ConoHa"},
    {"example.jp", NULL, NAME_UNKNOWN, NULL},
    {"www", NULL, NAME_UNKNOWN, NULL},
    {"kamakura.example.jp", "192.0.2.1", NAME_UNKNOWN, NULL},
    {"m1.example.jp", NULL, NAME_UNKNOWN, NULL},
    {"orsmga005.jf.intel.com", "192.55.52.1", NAME_UNKNOWN, NULL},
    {"vger.kernel.org", NULL, NAME_UNKNOWN, NULL},
    {"liverpool7.example.org", NULL, NAME_UNKNOWN, NULL},
    {"cabletown.example.org", NULL, NAME_UNKNOWN, NULL},
    {"host7.example.com", NULL, NAME_UNKNOWN, NULL},
    {"a1-2-3.example.com", NULL, NAME_UNKNOWN, NULL},
    {"1-2-3-400.example.com", NULL, NAME_UNKNOWN, NULL},
    {"20201.example.net", "192.0.2.1", NAME_UNKNOWN, NULL},
    {"hpb.example.jp", NULL, NAME_UNKNOWN, NULL},
    {"drpepper.example.jp", NULL, NAME_UNKNOWN, NULL},
    {"bombadil.infradead.org", NULL, NAME_UNKNOWN, NULL},
    {"casper.infradead.org", "90.155.50.34", NAME_UNKNOWN, NULL},
    {"ocn.ne.jp", NULL, NAME_UNKNOWN, NULL},
    {"tokyo.ocn.ne.jp", NULL, NAME_UNKNOWN, NULL},
    {"so-net.ne.jp", NULL, NAME_UNKNOWN, NULL},
    {"esa6.hgst.iphmx.com", NULL, NAME_UNKNOWN, NULL},
    {"2001-db8--1.example.net", "2001:db8::1", NAME_UNKNOWN, NULL},
    {"dsl.jp", NULL, NAME_UNKNOWN, NULL},
    {"", NULL, NAME_UNKNOWN, NULL},
    {".", NULL, NAME_UNKNOWN, NULL},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.jp", NULL, NAME_UNKNOWN, NULL},
    /* clang-format on */
};

static void
test_table(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct net_address ip = {0};
        if (cases[i].ip != NULL && !net_address_read(bytes_from_text(cases[i].ip), &ip)) {
            tap_ok(false, "%s", cases[i].ip);
        }
        struct name_facts facts = names_look(bytes_from_text(cases[i].name), &ip);
        bool provider = facts.provider == cases[i].provider ||
                        (facts.provider != NULL && cases[i].provider != NULL &&
                         strcmp(facts.provider, cases[i].provider) == 0);
        const char *word = names_kind_word(facts.kind);
        tap_ok(facts.kind == cases[i].kind && provider, "%.60s: %s %s", cases[i].name,
               word == NULL ? "unknown" : word,
               facts.provider == NULL ? "" : facts.provider);
    }
}

static void
test_bounds(void)
{
    uint8_t name[300];

    memset(name, '1', sizeof name);
    memcpy(name + 248, ".x.jp", 5);
    memcpy(name, "dhcp.", 5);
    tap_ok(names_look(bytes_of(name, 253), NULL).kind == NAME_POOL, "a name of 253 bytes");
    tap_ok(names_look(bytes_of(name, 254), NULL).kind == NAME_UNKNOWN, "one more");
    for (int c = 0; c < 256; c++) {
        memset(name, c, sizeof name);
        (void)names_look(bytes_of(name, 253), NULL);
    }
    for (size_t i = 0; i < 253; i += 2) {
        name[i] = '1';
        name[i + 1] = '-';
    }
    tap_ok(names_look(bytes_of(name, 253), NULL).kind == NAME_POOL, "many short numbers");
    tap_ok(names_is_dynamic(NAME_LINE) && names_is_dynamic(NAME_MOBILE) &&
               names_is_dynamic(NAME_POOL) && !names_is_dynamic(NAME_RENTED) &&
               !names_is_dynamic(NAME_SERVER) && !names_is_dynamic(NAME_UNKNOWN),
           "which kinds are dynamic");
}

int
main(void)
{
    test_table();
    test_bounds();
    return tap_done();
}
