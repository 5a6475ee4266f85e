// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

extension PresetDictionary {
    /// The text of `schemas/disk/dictionary-v1.txt`, which never changes: what it gave is stored.
    ///
    /// Only the last lines count where a page is long, so what is written most stands at the end.
    static let text = ##"""
        date=2026-01-01 time=00:00:00 devname="FGT" devid="FG100E" eventtime=1700000000000000000 \##
        tz="+0000" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" \##
        srcip=10.0.0.1 srcport=40000 srcintf="port1" srcintfrole="lan" dstip=10.0.0.2 dstport=443 \##
        dstintf="wan1" dstintfrole="wan" srccountry="Reserved" dstcountry="Reserved" sessionid=1 \##
        proto=6 action="accept" policyid=1 policytype="policy" poluuid="" service="HTTPS" \##
        trandisp="snat" transip= transport= duration=10 sentbyte=100 rcvdbyte=100 sentpkt=1 \##
        rcvdpkt=1 appcat="unscanned" crscore=30 craction=131072 crlevel="high" action="close" \##
        action="deny" action="timeout" action="client-rst" action="server-rst" utmaction="block" \##
        countips=1 osname="Windows" srcserver=0 mastersrcmac="" srcmac=""
        type="event" subtype="system" subtype="user" subtype="vpn" logdesc="Admin login \##
        successful" logdesc="Admin login failed" logdesc="SSL VPN tunnel up" logdesc="SSL VPN \##
        login fail" user="admin" ui="https()" method="https" status="success" status="failed" \##
        reason="name_invalid" reason="passwd_invalid" profile="super_admin" msg="Administrator \##
        admin logged in successfully from https()" msg="Administrator admin login failed from \##
        ssh() because of invalid password" remip= tunneltype="ssl-tunnel" tunnelid= group="" \##
        dst_host="N/A" type="utm" subtype="ips" subtype="webfilter" subtype="virus" \##
        eventtype="signature" severity="critical" attack="" attackid= \##
        ref="http://www.fortinet.com/ids/VID" incidentserialno= msg="applications3: , " \##
        catdesc="Information Technology" hostname="" url="/" direction="outgoing"
        1,2026/01/01 00:00:00,001801000000,TRAFFIC,end,2049,2026/01/01 \##
        00:00:00,10.0.0.1,10.0.0.2,0.0.0.0,0.0.0.0,Allow,,,ssl,vsys1,trust,untrust,ethernet1/1,eth\##
        ernet1/2,default,2026/01/01 00:00:00,1,1,40000,443,0,0,0x19,tcp,allow,1000,500,500,10,2026\##
        /01/01 00:00:00,0,any,0,0,0x0,10.0.0.0-10.255.255.255,United \##
        States,0,5,5,tcp-fin,aged-out,from-policy,n/a,N/A,0,0,0,0,,PA-VM,THREAT,url,vulnerability,\##
        SYSTEM,auth,general,informational,GLOBALPROTECT,
        CEF:0|Vendor|Product|1.0|100|Name|5|src= dst= spt= dpt= suser= duser= act= msg= rt= dvc= \##
        dvchost= cs1= cs1Label= cs2= cs2Label= cn1= cn1Label= proto=TCP request= \##
        requestMethod=GET fname= filePath= shost= dhost= smac= dmac= outcome=success reason= \##
        deviceExternalId= externalId= cat= app= in= out= start= end= deviceDirection= \##
        sourceTranslatedAddress= requestClientApplication= LEEF:1.0|LEEF:2.0| src= dst= usrName= \##
        devTime= proto= srcPort= dstPort= sev= cat= identSrc= policy=
        %LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to up
        %LINEPROTO-5-UPDOWN: Line protocol on Interface GigabitEthernet0/1, changed state to down
        %SYS-5-CONFIG_I: Configured from console by admin on vty0 (10.0.0.1)
        %SEC_LOGIN-5-LOGIN_SUCCESS: Login Success [user: admin] [Source: 10.0.0.1] [localport: \##
        22] at 00:00:00 UTC Thu Jan 1 2026
        %SEC_LOGIN-4-LOGIN_FAILED: Login failed [user: admin] [Source: ] [localport: 22] [Reason: \##
        Login Authentication Failed] at
        %SEC-6-IPACCESSLOGP: list 101 denied tcp 10.0.0.1(40000) -> 10.0.0.2(22), 1 packet \##
        permitted udp %SEC-6-IPACCESSLOGDP: denied icmp (8/0), 1 packets
        %PORT_SECURITY-2-PSECURE_VIOLATION: Security violation occurred, caused by MAC address on \##
        port %DOT1X-5-FAIL: Authentication failed for client () on Interface %MAB-5-SUCCESS: \##
        Authentication successful for client %AUTHMGR-5-START: Starting 'dot1x' for client \##
        %AUTHMGR-5-SUCCESS: Authorization succeeded for client AuditSessionID %SYS-5-RESTART: \##
        System restarted -- %SYS-6-LOGGINGHOST_STARTSTOP: Logging to host port 514 started - CLI \##
        initiated %SSH-5-SSH2_SESSION: SSH2 Session request from (tty = 0) using crypto cipher \##
        'aes256-ctr', hmac 'hmac-sha1' Succeeded %SSH-5-SSH2_USERAUTH: User 'admin' \##
        authentication for SSH2 Session from
        CISE_Passed_Authentications CISE_Failed_Attempts CISE_RADIUS_Accounting 1 0 2026-01-01 \##
        00:00:00.000 +00:00 0000000001 5200 NOTICE Passed-Authentication: Authentication \##
        succeeded, ConfigVersionId=1, Device IP Address=, DestinationIPAddress=, \##
        DestinationPort=1812, UserName=, Protocol=Radius, RequestLatency=1, NetworkDeviceName=, \##
        User-Name=, NAS-IP-Address=, NAS-Port=, Service-Type=Framed, Framed-MTU=1500, State=, \##
        Called-Station-ID=, Calling-Station-ID=, NAS-Port-Type=Ethernet, \##
        NAS-Port-Id=GigabitEthernet1/0/1, EAP-Key-Name=, cisco-av-pair=service-type=Framed, \##
        cisco-av-pair=audit-session-id=, OriginalUserName=, AcsSessionID=, \##
        SelectedAccessService=Default Network Access, FailureReason=22056 Subject not found in \##
        the applicable identity store(s), Step=11001, Step=11017,
        %ASA-6-302013: Built inbound TCP connection 1 for outside:10.0.0.1/443 (10.0.0.1/443) to \##
        inside:10.0.0.2/40000 (10.0.0.2/40000)
        %ASA-6-302013: Built outbound TCP connection 1 for outside: to dmz:
        %ASA-6-302014: Teardown TCP connection 1 for outside:10.0.0.1/443 to \##
        inside:10.0.0.2/40000 duration 0:00:00 bytes 0 TCP FINs TCP Reset-O TCP Reset-I SYN \##
        Timeout Connection timeout
        %ASA-6-302015: Built outbound UDP connection 1 for outside: () to inside: ()
        %ASA-6-302016: Teardown UDP connection 1 for outside: to inside: duration 0:02:01 bytes 100
        %ASA-6-302020: Built inbound ICMP connection for faddr 10.0.0.1/0 gaddr /0 laddr /0 \##
        %ASA-6-302021: Teardown ICMP connection for faddr
        %ASA-6-305011: Built dynamic TCP translation from inside: to outside: %ASA-6-305012: \##
        Teardown dynamic UDP translation from
        %ASA-4-106023: Deny tcp src outside:10.0.0.1/40000 dst inside:10.0.0.2/22 by access-group \##
        "outside_access_in" [0x0, 0x0]
        %ASA-6-106100: access-list inside_access_in permitted tcp inside/10.0.0.1(40000) -> \##
        outside/10.0.0.2(443) hit-cnt 1 first hit [0x0, 0x0]
        %ASA-2-106001: Inbound TCP connection denied from to flags SYN on interface outside \##
        %ASA-6-106015: Deny TCP (no connection) from to flags RST ACK on interface inside \##
        %ASA-3-710003: TCP access denied by ACL from %ASA-7-710005: UDP request discarded from \##
        %ASA-4-733100: [ Scanning] drop rate-1 exceeded. Current burst rate is per second, max \##
        configured rate is 10; Cumulative total count is
        %ASA-6-605005: Login permitted from 10.0.0.1/40000 to inside:/ssh for user "admin" \##
        %ASA-6-605004: Login denied from %ASA-6-113004: AAA user authentication Successful : \##
        server = : user = %ASA-6-113005: AAA user authentication Rejected : reason = AAA failure \##
        : server = : user = : user IP = %ASA-6-113012: AAA user authentication Successful : local \##
        database : user = admin %ASA-5-111008: User 'enable_15' executed the 'configure terminal' \##
        command. %ASA-5-111010: User '', running 'CLI' from IP , executed '' %ASA-4-113019: Group \##
        = , Username = , IP = , Session disconnected. Session Type: SSL, Duration: 0h:10m:00s, \##
        Bytes xmt: , Bytes rcv: , Reason: User Requested %ASA-6-722051: Group <> User <> IP <> \##
        IPv4 Address <> IPv6 address <::> assigned to session %ASA-6-716001: Group <> User <> IP \##
        <> WebVPN session started. %ASA-5-722033: First TCP SVC connection established for SVC \##
        session. %ASA-6-611101: User authentication succeeded: IP address: , Uname: admin \##
        %ASA-3-313001: Denied ICMP type=8, code=0 from on interface
        {"timestamp":"2026-01-01T00:00:00.000000+0000","flow_id":1,"in_iface":"eth0","event_type":\##
        "alert","src_ip":"10.0.0.1","src_port":40000,"dest_ip":"10.0.0.2","dest_port":443,"proto":\##
        "TCP","alert":{"action":"allowed","gid":1,"signature_id":2000000,"rev":1,"signature":"ET \##
        SCAN Suspicious inbound to","category":"Potentially Bad Traffic","severity":2},"flow":{"pk\##
        ts_toserver":1,"pkts_toclient":1,"bytes_toserver":60,"bytes_toclient":60,"start":"2026-01-\##
        01T00:00:00.000000+0000"},"app_proto":"tls","tls":{"subject":"CN=","issuerdn":"","sni":"",\##
        "version":"TLS 1.2"},"http":{"hostname":"","url":"/","http_user_agent":"","http_method":"G\##
        ET","protocol":"HTTP/1.1","status":200,"length":0},"dns":{"type":"query","id":1,"rrname":"\##
        ","rrtype":"A","tx_id":0}}
        {"ts":1700000000.000000,"uid":"C","id.orig_h":"10.0.0.1","id.orig_p":40000,"id.resp_h":"10\##
        .0.0.2","id.resp_p":443,"proto":"tcp","service":"ssl","duration":1.0,"orig_bytes":0,"resp_\##
        bytes":0,"conn_state":"SF","local_orig":true,"local_resp":true,"missed_bytes":0,"history":\##
        "ShADadFf","orig_pkts":1,"orig_ip_bytes":60,"resp_pkts":1,"resp_ip_bytes":60,"tunnel_paren\##
        ts":[]}
        {"@timestamp":"2026-01-01T00:00:00.000Z","host":{"name":"","os":{"family":"windows"}},"age\##
        nt":{"type":"winlogbeat","version":"8.0.0"},"event":{"code":"4624","kind":"event","provide\##
        r":"Microsoft-Windows-Security-Auditing","action":"logged-in","outcome":"success"},"log":{\##
        "level":"information"},"winlog":{"channel":"Security","event_id":4625,"record_id":1,"compu\##
        ter_name":"","event_data":{"SubjectUserName":"","TargetUserName":"","TargetDomainName":"",\##
        "LogonType":"3","LogonProcessName":"","AuthenticationPackageName":"NTLM","WorkstationName"\##
        :"","ProcessName":"","IpAddress":"","IpPort":""}},"message":"An account was successfully \##
        logged on. An account failed to log on."}
        {"time":"2026-01-01T00:00:00Z","level":"info","msg":"","user":"","source":"","device":"","\##
        event":"","action":"","result":"success","status":"failed","error":null,"type":"","id":"",\##
        "name":"","ip":"","port":0,"protocol":"","severity":"","message":"","timestamp":"","hostna\##
        me":"","username":"","src_ip":"","dst_ip":"","details":{},"enabled":true,"count":1,"reason\##
        ":"","session":"","version":"1.0","eventType":"user.session.start","displayMessage":"User \##
        login to Okta","outcome":{"result":"SUCCESS"},"actor":{"type":"User","alternateId":"","dis\##
        playName":""},"client":{"ipAddress":"","userAgent":{"rawUserAgent":""},"geographicalContex\##
        t":{"city":"","country":""}}}
        kernel: usb 1-1: new high-speed USB device number 2 using xhci_hcd
        kernel: usb 1-1: New USB device found, idVendor=, idProduct=, bcdDevice=
        kernel: usb 1-1: New USB device strings: Mfr=1, Product=2, SerialNumber=3
        kernel: usb 1-1: USB disconnect, device number
        kernel: sd 0:0:0:0: [sda] 41943040 512-byte logical blocks: (21.5 GB/20.0 GiB) Write \##
        Protect is off Mode Sense: Attached SCSI disk Attached SCSI removable disk
        kernel: EXT4-fs (sda1): mounted filesystem with ordered data mode. Opts: (null) \##
        errors=remount-ro re-mounted
        kernel: e1000e: eth0 NIC Link is Up 1000 Mbps Full Duplex, Flow Control: Rx/Tx
        kernel: e1000: eth0 NIC Link is Down
        kernel: IPv6: ADDRCONF(NETDEV_CHANGE): eth0: link becomes ready
        kernel: IPv6: ADDRCONF(NETDEV_UP): eth0: link is not ready
        kernel: device eth0 entered promiscuous mode
        kernel: device eth0 left promiscuous mode
        kernel: Out of memory: Killed process  (java) total-vm:kB, anon-rss:kB, file-rss:kB, \##
        shmem-rss:0kB, UID:0 pgtables:kB oom_score_adj:0
        kernel: segfault at 0 ip  sp  error 4 in libc-2.31.so
        kernel: audit: type=1400 audit(1700000000.000:1): apparmor="STATUS" \##
        operation="profile_load" profile="unconfined" name="/usr/sbin/ntpd" pid=1 \##
        comm="apparmor_parser"
        kernel: apparmor="DENIED" operation="open" profile="/usr/sbin/" name="/etc/" pid= comm="" \##
        requested_mask="r" denied_mask="r" fsuid=0 ouid=0
        kernel: ata1: SATA link up 6.0 Gbps (SStatus 133 SControl 300)
        kernel: [UFW BLOCK] IN=eth0 OUT= MAC=00:00:00:00:00:00:00:00:00:00:00:00:08:00 \##
        SRC=10.0.0.1 DST=10.0.0.2 LEN=40 TOS=0x00 PREC=0x00 TTL=64 ID=54321 DF PROTO=TCP SPT=443 \##
        DPT=22 WINDOW=65535 RES=0x00 SYN URGP=0
        kernel: [UFW ALLOW] IN= OUT=eth0 SRC= DST= LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=0 DF \##
        PROTO=UDP SPT= DPT=53 LEN=40 ACK PSH RST FIN
        kernel: IN=eth0 OUT=eth1 PHYSIN= PHYSOUT= MARK=0x0 PROTO=ICMP TYPE=8 CODE=0 ID= SEQ=1
        dhcpd: DHCPDISCOVER from 00:00:00:00:00:00 (host) via eth0: network: no free leases
        dhcpd: DHCPOFFER on 10.0.0.1 to 00:00:00:00:00:00 (host) via eth0
        dhcpd: DHCPREQUEST for 10.0.0.1 (10.0.0.2) from 00:00:00:00:00:00 (host) via eth0: \##
        unknown lease wrong network. lease unavailable.
        dhcpd: DHCPACK on 10.0.0.1 to 00:00:00:00:00:00 (host) via eth0 relay
        dhcpd: DHCPNAK on DHCPRELEASE of DHCPINFORM from DHCPDECLINE of DHCPACK to
        dhclient[1234]: DHCPDISCOVER on eth0 to 255.255.255.255 port 67 interval 7 (xid=0x)
        dhclient[1234]: DHCPREQUEST on eth0 to 255.255.255.255 port 67
        dhclient[1234]: DHCPREQUEST of 192.168.1.10 on eth0 to 192.168.1.1 port 67 (xid=0x)
        dhclient[1234]: DHCPOFFER from 192.168.1.1
        dhclient[1234]: DHCPOFFER of 192.168.1.10 from 192.168.1.1
        dhclient[1234]: DHCPACK from 192.168.1.1 (xid=0x)
        dhclient[1234]: DHCPACK of 192.168.1.10 from 192.168.1.1
        dhclient[1234]: bound to 192.168.1.10 -- renewal in 1800 seconds.
        dhclient: Listening on LPF/eth0/ Sending on   LPF/eth0/ Sending on   Socket/fallback \##
        Internet Systems Consortium DHCP Client Copyright 2004-2018 Internet Systems Consortium. \##
        All rights reserved. For info, please visit https://www.isc.org/software/dhcp/
        dhcpcd: adding default route via deleting route adding address probing address leased for \##
        seconds
        ntpd[1234]: ntpd 4.2.8p15@1.3728-o: Starting
        ntpd[1234]: Listen and drop on 0 v6wildcard [::]:123
        ntpd[1234]: Listen normally on 2 lo 127.0.0.1:123
        ntpd[1234]: Listen normally on 3 eth0 10.0.0.1:123
        ntpd[1234]: Listening on routing socket on fd #22 for interface updates
        ntpd[1234]: synchronized to 10.0.0.1, stratum 2
        ntpd[1234]: kernel reports TIME_ERROR: 0x41: Clock Unsynchronized
        ntpd[1234]: time reset +0.000000 s
        ntpd[1234]: kernel time sync enabled 2001 status change
        ntpd[1234]: Soliciting pool server
        ntpd[1234]: frequency initialized 0.000 PPM from /var/lib/ntp/ntp.drift
        ntpd: ntpd exiting on signal 15 (Terminated)
        ntpdate: step time server  offset  sec adjust time server no server suitable for \##
        synchronization found
        chronyd[1234]: Selected source 10.0.0.1 (ntp.example.com)
        chronyd[1234]: System clock wrong by  seconds, adjustment started
        chronyd[1234]: Can't synchronise: no selectable sources
        chronyd[1234]: Forward time jump detected!
        systemd-timesyncd[1234]: Initial synchronization to time server 10.0.0.1:123 \##
        (ntp.ubuntu.com).
        systemd-timesyncd: Timed out waiting for reply from
        systemd-timesyncd: Synchronized to time server for the first time
        NetworkManager[1234]: <info>  [1700000000.0000] dhcp4 (eth0): state changed bound -> \##
        bound, address=
        NetworkManager[1234]: <info>  [] device (eth0): state change: disconnected -> prepare \##
        (reason 'none', sys-iface-state: 'managed') config -> ip-config -> ip-check -> \##
        secondaries -> activated
        dbus-daemon[1234]: [system] Activating via systemd: service name='org.freedesktop.hostname\##
        1' unit='dbus-org.freedesktop.hostname1.service' requested by ':1.50' (uid=0 pid=1234 \##
        comm="hostnamectl " label="unconfined")
        rsyslogd: [origin software="rsyslogd" swVersion="8.2112.0" x-pid="1234" \##
        x-info="https://www.rsyslog.com"] start exiting on signal 15. rsyslogd was HUPed
        rsyslogd: action 'action-0-builtin:omfile' suspended (module 'builtin:omfile'), next \##
        retry is resumed
        rsyslogd: imuxsock begins to drop messages from pid due to rate-limiting
        rsyslogd: -- MARK -- last message repeated 2 times message repeated 2 times: [ ]
        syslog-ng[1234]: syslog-ng starting up; version='3.5' shutting down; Configuration reload \##
        request received, reloading configuration;
        syslogd 1.5.0: restart. exiting on signal 15 kernel boot file is /boot/kernel/kernel
        auditd[1234]: Audit daemon rotating log files Init complete, auditd 3.0 listening for \##
        events (startup state enable)
        type=SYSCALL msg=audit(1700000000.000:100): arch=c000003e syscall=59 success=yes exit=0 \##
        a0= a1= a2= a3= items=2 ppid=1 pid=2 auid=4294967295 uid=0 gid=0 euid=0 suid=0 fsuid=0 \##
        egid=0 sgid=0 fsgid=0 tty=(none) ses=4294967295 comm="" exe="/usr/bin/" subj=unconfined \##
        key=(null)
         pid=1 uid=0 auid=1000 ses=1 subj=system_u:system_r:sshd_t:s0-s0:c0.c1023 \##
        msg='op=PAM:authentication grantors=pam_unix acct="root" exe="/usr/sbin/sshd" hostname= \##
        addr= terminal=ssh res=success' res=failed'
         msg='op=login id=0 op=PAM:session_open grantors=pam_keyinit,pam_limits,pam_systemd,pam_un\##
        ix,pam_lastlog acct= op=PAM:setcred op=PAM:accounting unit=systemd comm="systemd" \##
        exe="/usr/lib/systemd/systemd" hostname=? addr=? terminal=? res=success'
        postfix/smtpd[1234]: connect from unknown[10.0.0.1]
        postfix/smtpd[1234]: disconnect from unknown[10.0.0.1] ehlo=1 auth=0/1 mail=1 rcpt=1 \##
        data=1 quit=1 commands=5
        postfix/smtpd[1234]: NOQUEUE: reject: RCPT from unknown[]: 554 5.7.1 <>: Relay access \##
        denied; from=<> to=<> proto=ESMTP helo=<>
        postfix/smtpd[1234]: lost connection after AUTH from warning: unknown[]: SASL LOGIN \##
        authentication failed: UGFzc3dvcmQ6 authentication failure
        postfix/qmgr[1234]: 4F1A2: from=<root@localhost>, size=512, nrcpt=1 (queue active) removed
        named[1234]: client @0x 10.0.0.1#53 (example.com): query: example.com IN A +E(0)K AAAA \##
        PTR MX denied
        ftpd[1234]: connection from 10.0.0.1 (host.example.com) at ANONYMOUS FTP LOGIN FROM FTP \##
        LOGIN REFUSED FROM FTP session closed. User timed out after 900 seconds
        vsftpd: CONNECT: Client "::ffff:10.0.0.1" OK LOGIN: FAIL LOGIN: FAIL UPLOAD: OK DOWNLOAD:
        telnetd[1234]: ttloop:  peer died: Invalid or incomplete multibyte or wide character EOF \##
        in.telnetd
        rlogind login(pam_unix)[1234]: check pass; user unknown
        gdm-password]: gdm-autologin]: lightdm: gnome-keyring-daemon[1234]: couldn't access \##
        control socket: /run/user/1000/keyring/control: No such file or directory
        crontab[1234]: (root) LIST (root) (root) REPLACE (root) (root) BEGIN EDIT (root) (root) \##
        END EDIT (root)
        anacron[1234]: Anacron 2.3 started on 2026-01-01 Job `cron.daily' started Job \##
        `cron.daily' terminated Normal exit (1 job run) Updated timestamp for job Will run job \##
        `cron.weekly' in 20 min. Jobs will be executed sequentially
        cron[1234]: (CRON) INFO (pidfile fd = 3) (CRON) INFO (Running @reboot jobs) (CRON) INFO \##
        (Skipping @reboot jobs -- not system startup) (CRON) STARTUP (1.5.2) (CRON) error \##
        (grandchild # failed with exit status 1) (*system*) RELOAD (/etc/crontab) (CRON) bad command
        crond[1234]: (CRON) INFO (RANDOM_DELAY will be scaled with factor 50% if used.) (CRON) \##
        INFO (running with inotify support)
        run-parts(/etc/cron.hourly)[1234]: starting 0anacron finished 0anacron
        CROND[1234]: (root) CMD (/usr/lib64/sa/sa1 1 1)
        CROND[1234]: (root) CMD (run-parts /etc/cron.hourly)
        CRON[1234]: (root) CMD (test -x /usr/sbin/anacron || ( cd / && run-parts --report \##
        /etc/cron.daily ))
        CRON[1234]: (root) CMD (   cd / && run-parts --report /etc/cron.hourly)
        CRON[1234]: (root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)
        CRON[1234]: (www-data) CMD (  [ -x /usr/lib/php/sessionclean ] && if [ ! -d \##
        /run/systemd/system ]; then /usr/lib/php/sessionclean; fi)
        useradd[1234]: new user: name=, UID=1001, GID=1001, home=/home/, shell=/bin/bash, \##
        from=/dev/pts/0
        useradd[1234]: new group: name=, GID=1001 add '' to group 'sudo' add '' to shadow group ''
        groupadd[1234]: group added to /etc/group: name=, GID=1001 group added to /etc/gshadow: \##
        name=
        usermod[1234]: change user '' password change user '' shell from '/bin/sh' to '/bin/bash' \##
        lock user '' password unlock user '' password
        userdel[1234]: delete user '' removed group '' owned by '' removed shadow group
        passwd[1234]: pam_unix(passwd:chauthtok): password changed for root gkr-pam: couldn't \##
        update the login keyring password: no old password was entered
        groupmod gpasswd[1234]: user  added by root to group  removed by root from group
        login[1234]: ROOT LOGIN ON tty1 LOGIN ON tty1 BY FAILED LOGIN (1) on '/dev/tty1' FOR \##
        'root', Authentication failure FOR 'UNKNOWN', User not known to the underlying \##
        authentication module TOO MANY LOGIN TRIES (5) FROM FOR
        login[1234]: FAILED LOGIN SESSION FROM FOR , Error in service module
        login: pam_securetty(login:auth): access denied: tty '' is not secure ! ROOT LOGIN (root) \##
        ON ttyv0
        su: BAD SU  to root on /dev/pts/0 su: FAILED SU (to root)  on pts/0 su: (to root)  on \##
        pts/0 Successful su for root by + /dev/pts/0 :root - /dev/pts/0 pam_authenticate: \##
        Authentication failure
        sudo:     root : command not allowed ; TTY=pts/0 ; PWD=/root ; USER=root ; \##
        COMMAND=/usr/bin/apt-get update
        sudo:   user : TTY=unknown ; PWD=/ ; USER=root ; COMMAND=/usr/bin/systemctl restart
        sudo:   admin : TTY=pts/1 ; PWD=/home/admin ; USER=root ; COMMAND=/bin/su - /usr/bin/tail \##
        -f /var/log/ /bin/cat /etc/ /usr/bin/vi /bin/bash /usr/sbin/
        sudo:   user : user NOT in sudoers ; TTY=pts/0 ; PWD=/home/user ; USER=root ; \##
        COMMAND=/bin/ls
        sudo:   user : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/home/ ; USER=root ; COMMAND=
        sudo:   user : 1 incorrect password attempt ; a password is required ; conversation \##
        failed auth could not identify password for [
        polkitd[1234]: Registered Authentication Agent for unix-process:1234:567890 (system bus \##
        name :1.12 [/usr/bin/pkttyagent --notify-fd 5 --fallback], object path \##
        /org/freedesktop/PolicyKit1/AuthenticationAgent, locale en_US.UTF-8)
        polkitd(authority=local): Unregistered Authentication Agent for unix-session: (system bus \##
        name :1., object path /org/freedesktop/PolicyKit1/AuthenticationAgent, locale \##
        en_US.UTF-8) (disconnected from bus)
        polkitd: Loading rules from directory /etc/polkit-1/rules.d /usr/share/polkit-1/rules.d \##
        Finished loading, compiling and executing 2 rules Acquired the name \##
        org.freedesktop.PolicyKit1 on the system bus
        systemd-logind[1234]: Watching system buttons on /dev/input/event0 (Power Button) New \##
        seat seat0. System is rebooting. System is powering down. Power key pressed. Lid closed.
        systemd-logind[1234]: Session 1 logged out. Waiting for processes to exit.
        systemd-logind[1234]: New session 1 of user root.
        systemd-logind[1234]: Removed session 1.
        systemd-journald[1234]: Journal started Runtime journal (/run/log/journal/) is max \##
        allowed trying to leave free of available current limit Suppressed messages from \##
        Vacuuming done, freed 0B of archived journals from
        systemd[1]: Started Session 1 of user root.
        systemd[1]: Starting Session 1 of user root.
        systemd[1]: Created slice User Slice of UID 0. User Slice of root. Removed slice User \##
        Slice of root.
        systemd[1]: Starting User Manager for UID 1000... Started User Manager for UID 1000. \##
        Stopping User Manager for UID 1000... Stopped User Manager for UID 1000.
        systemd[1]: Starting User Runtime Directory /run/user/1000... Finished User Runtime \##
        Directory /run/user/1000. Stopped User Runtime Directory /run/user/1000.
        systemd[1]: Starting Cleanup of Temporary Directories... Finished Cleanup of Temporary \##
        Directories. Started Cleanup of Temporary Directories.
        systemd[1]: Starting Daily apt download activities... Finished Daily apt download \##
        activities. Starting Daily apt upgrade and clean activities... Finished Daily apt upgrade \##
        and clean activities.
        systemd[1]: Starting Rotate log files... Finished Rotate log files. Starting Message of \##
        the Day... Finished Message of the Day. Starting Daily man-db regeneration... Discard \##
        unused blocks on filesystems from /etc/fstab
        systemd[1]: Starting Permit User Sessions... Started Getty on tty1. Started OpenBSD \##
        Secure Shell server. Starting OpenSSH server daemon... Started OpenSSH server daemon.
        systemd[1]: Listening on D-Bus User Message Bus Socket. Closed Reached target Sockets. \##
        Reached target Timers. Reached target Paths. Reached target Basic System. Reached target \##
        Main User Target. Reached target Default. Reached target Shutdown. Stopped target \##
        Multi-User System. Startup finished in ms.
        systemd[1]: Reloading. Reloaded System Logging Service. Started System Logging Service. \##
        Stopping System Logging Service... Started Network Manager. Started The Apache HTTP \##
        Server. Started Regular background program processing daemon. Started Login Service. \##
        Started D-Bus System Message Bus. Started Hostname Service. Starting Hostname Service...
        systemd[1]: .service: Succeeded. .service: Deactivated successfully. .service: Consumed \##
        1.234s CPU time. .mount: Succeeded. .scope: Succeeded. .scope: Deactivated successfully.
        systemd[1]: .service: Main process exited, code=exited, status=1/FAILURE Failed with \##
        result 'exit-code'. Scheduled restart job, restart counter is at 1. Service \##
        RestartSec=100ms expired, scheduling restart. Start request repeated too quickly. Unit \##
        entered failed state. State 'stop-sigterm' timed out. Killing. Control process exited, \##
        code=killed, status=9/KILL dumped, status=11/SEGV Dependency failed for Failed to start \##
        Timed out waiting for
        1 2026-01-01T00:00:00.000000+00:00 host.example.com localhost.localdomain ip-10-0-0-1 \##
        ubuntu debian server firewall gateway appname - - [meta sequenceId="1"] [timeQuality \##
        tzKnown="1" isSynced="1"] [origin ip="10.0.0.1" software=""] ID47 -
        Jan  1 00:00:00 Feb  2 Mar  3 Apr  4 May  5 Jun  6 Jul  7 Aug  8 Sep  9 Oct 10 Nov 11 Dec 12
        sshd[1234]: Server listening on 0.0.0.0 port 22.
        sshd[1234]: Server listening on :: port 22.
        sshd[1234]: Received signal 15; terminating.
        sshd[1234]: error: Could not load host key: /etc/ssh/ssh_host_ed25519_key
        sshd[1234]: error: kex_exchange_identification: Connection closed by remote host
        sshd[1234]: error: kex_exchange_identification: read: Connection reset by peer
        sshd[1234]: error: kex_exchange_identification: client sent invalid protocol identifier \##
        "GET / HTTP/1.1"
        sshd[1234]: banner exchange: Connection from 10.0.0.1 port 40000: invalid format could \##
        not read protocol version
        sshd[1234]: Bad protocol version identification '\003' from 10.0.0.1 port 40000
        sshd[1234]: fatal: Timeout before authentication for 10.0.0.1 port 40000
        sshd[1234]: fatal: Read from socket failed: Connection reset by peer [preauth]
        sshd[1234]: fatal: no matching cipher found: Write failed: Broken pipe
        sshd[1234]: Unable to negotiate with 10.0.0.1 port 40000: no matching key exchange method \##
        found. Their offer: diffie-hellman-group14-sha1,diffie-hellman-group-exchange-sha1,diffie-\##
        hellman-group1-sha1 no matching host key type found. Their offer: ssh-rsa,ssh-dss [preauth]
        sshd[1234]: Protocol major versions differ for 10.0.0.1: SSH-2.0-OpenSSH_8.9p1 \##
        Ubuntu-3ubuntu0.6 vs. SSH-1.5
        sshd[1234]: Address 10.0.0.1 maps to host.example.com, but this does not map back to the \##
        address. - POSSIBLE BREAK-IN ATTEMPT!
        sshd[1234]: reverse mapping checking getaddrinfo for host.example.com [10.0.0.1] failed - \##
        POSSIBLE BREAK-IN ATTEMPT!
        sshd[1234]: Nasty PTR record "10.0.0.1" is set up for 10.0.0.1, ignoring
        sshd[1234]: Did not receive identification string from 10.0.0.1 port 40000
        sshd[1234]: refused connect from host.example.com (10.0.0.1)
        sshd[1234]: Authentication refused: bad ownership or modes for directory /home/user/.ssh
        sshd[1234]: User root from 10.0.0.1 not allowed because not listed in AllowUsers none of \##
        user's groups are listed in AllowGroups account is locked shell /usr/sbin/nologin does \##
        not exist listed in DenyUsers
        sshd[1234]: ROOT LOGIN REFUSED FROM 10.0.0.1 port 40000 [preauth]
        sshd[1234]: Postponed keyboard-interactive for root from 10.0.0.1 port 40000 ssh2 [preauth]
        sshd[1234]: Postponed publickey for
        sshd[1234]: error: maximum authentication attempts exceeded for invalid user admin from \##
        10.0.0.1 port 40000 ssh2 [preauth]
        sshd[1234]: Disconnecting authenticating user root 10.0.0.1 port 40000: Too many \##
        authentication failures [preauth]
        sshd[1234]: Disconnecting invalid user admin 10.0.0.1 port 40000: Change of username or \##
        service not allowed: (admin,ssh-connection) -> (,ssh-connection) [preauth]
        sshd[1234]: Disconnecting: Too many authentication failures for root [preauth]
        sshd[1234]: error: PAM: Authentication failure for root from 10.0.0.1
        sshd[1234]: error: PAM: authentication error for illegal user admin from host.example.com
        sshd[1234]: error: Received disconnect from 10.0.0.1 port 40000:3: \##
        com.jcraft.jsch.JSchException: Auth fail [preauth]
        sshd[1234]: error: Received disconnect from 10.0.0.1: 14: No supported authentication \##
        methods available [preauth]
        sshd[1234]: PAM 5 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= \##
        rhost=10.0.0.1  user=root
        sshd[1234]: PAM 1 more authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=
        sshd[1234]: PAM service(sshd) ignoring max retries; 6 > 3
        sshd[1234]: pam_faillock(sshd:auth): Consecutive login failures for user root account \##
        temporarily locked
        sshd[1234]: pam_sss(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh \##
        ruser= rhost= user=
        sshd[1234]: pam_sss(sshd:auth): received for user : 7 (Authentication failure)
        sshd[1234]: pam_ldap(sshd:auth): Authentication failure; pam_krb5(sshd:auth): \##
        pam_winbind(sshd:auth): getting password pam_access(sshd:account): access denied for user \##
        pam_nologin pam_limits(sshd:session): pam_env(sshd:session): pam_systemd(sshd:session): \##
        Failed to create session pam_google_authenticator
        sshd[1234]: pam_succeed_if(sshd:auth): requirement "uid >= 1000" not met by user "root"
        sshd[1234]: Connection from 10.0.0.1 port 40000 on 10.0.0.2 port 22 rdomain ""
        sshd[1234]: Starting session: shell on pts/0 for root from 10.0.0.1 port 40000 id 0 \##
        subsystem 'sftp' command for
        sshd[1234]: subsystem request for sftp by user root
        sshd[1234]: Close session: user root from 10.0.0.1 port 40000 id 0 Closing connection to
        sshd[1234]: input_userauth_request: invalid user admin [preauth]
        sshd[1234]: Connection reset by 10.0.0.1 port 40000 [preauth]
        sshd[1234]: Connection reset by authenticating user root 10.0.0.1 port 40000 [preauth]
        sshd[1234]: Connection closed by 10.0.0.1 [preauth]
        sshd[1234]: Connection closed by 10.0.0.1 port 40000 [preauth]
        sshd[1234]: Connection closed by authenticating user root 10.0.0.1 port 40000 [preauth]
        sshd[1234]: Connection closed by invalid user admin 10.0.0.1 port 40000 [preauth]
        sshd[1234]: Disconnected from invalid user admin 10.0.0.1 port 40000 [preauth]
        sshd[1234]: Disconnected from authenticating user root 10.0.0.1 port 40000 [preauth]
        sshd[1234]: Received disconnect from 10.0.0.1 port 40000:11: disconnected by user
        sshd[1234]: Received disconnect from 10.0.0.1: 11: Bye Bye [preauth]
        sshd[1234]: Received disconnect from 10.0.0.1 port 40000:11: Bye Bye [preauth]
        sshd[1234]: Received disconnect from 10.0.0.1 port 40000:11: Normal Shutdown, Thank you \##
        for playing [preauth]
        sshd[1234]: Disconnected from user root 10.0.0.1 port 40000
        sshd[1234]: Disconnected from 10.0.0.1 port 40000 [preauth]
        sshd[1234]: Accepted keyboard-interactive/pam for root from 10.0.0.1 port 40000 ssh2
        sshd[1234]: Accepted publickey for root from 10.0.0.1 port 40000 ssh2: RSA SHA256: \##
        ED25519 SHA256:
        sshd[1234]: Accepted password for root from 192.168.1.10 port 40000 ssh2
        sshd[1234]: Failed none for invalid user admin from 10.0.0.1 port 40000 ssh2
        sshd[1234]: Failed publickey for root from
        sshd[1234]: Failed keyboard-interactive/pam for invalid user admin from 10.0.0.1 port \##
        40000 ssh2
        sshd[1234]: message repeated 2 times: [ Failed password for root from 10.0.0.1 port 40000 \##
        ssh2]
        sshd(pam_unix)[1234]: authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= \##
        rhost=host.example.com  user=root
        su(pam_unix)[1234]: session opened for user root by (uid=0)
        su(pam_unix)[1234]: session closed for user root
        su: pam_unix(su:session): session opened for user postgres by (uid=0)
        su: pam_unix(su-l:session): session opened for user root(uid=0) by (uid=0)
        login: pam_unix(login:session): session opened for user root(uid=0) by LOGIN(uid=0)
        login: pam_unix(login:auth): authentication failure; logname=LOGIN uid=0 euid=0 \##
        tty=/dev/tty1 ruser= rhost=
        sudo: pam_unix(sudo:auth): authentication failure; logname=admin uid=1000 euid=0 \##
        tty=/dev/pts/0 ruser=admin rhost=  user=admin
        sudo: pam_unix(sudo:session): session opened for user root(uid=0) by (uid=1000)
        sudo: pam_unix(sudo:session): session closed for user root
        gdm-password]: pam_unix(gdm-password:session): session opened for user
        systemd: pam_unix(systemd-user:session): session opened for user root(uid=0) by (uid=0)
        CRON[1234]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)
        CRON[1234]: pam_unix(cron:session): session closed for user root
        sshd[1234]: pam_unix(sshd:session): session closed for user root
        sshd[1234]: pam_unix(sshd:session): session opened for user root(uid=0) by (uid=0)
        sshd[1234]: pam_unix(sshd:session): session opened for user root by (uid=0)
        sshd[1234]: PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= \##
        rhost=10.0.0.1  user=root
        sshd[1234]: pam_unix(sshd:auth): check pass; user unknown
        sshd[1234]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh \##
        ruser= rhost=192.168.1.10  user=root
        sshd[1234]: Invalid user admin from 192.168.1.10 port 40000
        sshd[1234]: Failed password for invalid user admin from 192.168.1.10 port 40000 ssh2
        sshd[1234]: Failed password for root from 192.168.1.10 port 40000 ssh2

        """##
}
