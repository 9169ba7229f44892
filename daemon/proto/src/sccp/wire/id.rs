//! Message ids. A second id is the "V2" form of the same message.

/// Station → CallManager.
pub mod client {
    #![expect(missing_docs, reason = "each is the message's own name")]
    pub const KEEP_ALIVE: u32 = 0x0000;
    pub const REGISTER: u32 = 0x0001;
    pub const IP_PORT: u32 = 0x0002;
    pub const KEYPAD_BUTTON: u32 = 0x0003;
    pub const ENBLOC_CALL: u32 = 0x0004;
    pub const STIMULUS: u32 = 0x0005;
    pub const OFF_HOOK: u32 = 0x0006;
    pub const ON_HOOK: u32 = 0x0007;
    pub const HOOK_FLASH: u32 = 0x0008;
    pub const FORWARD_STAT_REQ: u32 = 0x0009;
    pub const SPEED_DIAL_STAT_REQ: u32 = 0x000A;
    pub const LINE_STAT_REQ: u32 = 0x000B;
    pub const CONFIG_STAT_REQ: u32 = 0x000C;
    pub const TIME_DATE_REQ: u32 = 0x000D;
    pub const BUTTON_TEMPLATE_REQ: u32 = 0x000E;
    pub const VERSION_REQ: u32 = 0x000F;
    pub const CAPABILITIES_RES: u32 = 0x0010;
    pub const SERVER_REQ: u32 = 0x0012;
    pub const ALARM: u32 = 0x0020;
    pub const OPEN_RECEIVE_CHANNEL_ACK: u32 = 0x0022;
    pub const CONNECTION_STATISTICS_RES: u32 = 0x0023;
    pub const SOFT_KEY_SET_REQ: u32 = 0x0025;
    pub const SOFT_KEY_EVENT: u32 = 0x0026;
    pub const UNREGISTER: u32 = 0x0027;
    pub const SOFT_KEY_TEMPLATE_REQ: u32 = 0x0028;
    pub const REGISTER_TOKEN_REQ: u32 = 0x0029;
    pub const MEDIA_TRANSMISSION_FAILURE: u32 = 0x002A;
    pub const REGISTER_AVAILABLE_LINES: u32 = 0x002D;
    pub const FEATURE_STAT_REQ: u32 = 0x0034;
    pub const START_MEDIA_TRANSMISSION_ACK: u32 = 0x0154;
}

/// CallManager → station.
pub mod server {
    #![expect(missing_docs, reason = "each is the message's own name")]
    pub const REGISTER_ACK: u32 = 0x0081;
    pub const START_TONE: u32 = 0x0082;
    pub const STOP_TONE: u32 = 0x0083;
    pub const SET_RINGER: u32 = 0x0085;
    pub const SET_LAMP: u32 = 0x0086;
    pub const SET_HOOK_FLASH_DETECT: u32 = 0x0087;
    pub const SET_SPEAKER_MODE: u32 = 0x0088;
    pub const SET_MICRO_MODE: u32 = 0x0089;
    pub const START_MEDIA_TRANSMISSION: u32 = 0x008A;
    pub const STOP_MEDIA_TRANSMISSION: u32 = 0x008B;
    pub const CALL_INFO: u32 = 0x008F;
    pub const CALL_INFO_V2: u32 = 0x014A;
    pub const FORWARD_STAT: u32 = 0x0090;
    pub const SPEED_DIAL_STAT: u32 = 0x0091;
    pub const SPEED_DIAL_STAT_V2: u32 = 0x0149;
    pub const LINE_STAT: u32 = 0x0092;
    pub const LINE_STAT_V2: u32 = 0x0147;
    pub const CONFIG_STAT: u32 = 0x0093;
    pub const CONFIG_STAT_V2: u32 = 0x0142;
    pub const DEFINE_TIME_DATE: u32 = 0x0094;
    pub const BUTTON_TEMPLATE: u32 = 0x0097;
    pub const VERSION: u32 = 0x0098;
    pub const DISPLAY_TEXT: u32 = 0x0099;
    pub const CLEAR_DISPLAY: u32 = 0x009A;
    pub const CAPABILITIES_REQ: u32 = 0x009B;
    pub const REGISTER_REJECT: u32 = 0x009D;
    pub const SERVER_RES: u32 = 0x009E;
    pub const RESET: u32 = 0x009F;
    pub const KEEP_ALIVE_ACK: u32 = 0x0100;
    pub const OPEN_RECEIVE_CHANNEL: u32 = 0x0105;
    pub const CLOSE_RECEIVE_CHANNEL: u32 = 0x0106;
    pub const CONNECTION_STATISTICS_REQ: u32 = 0x0107;
    pub const SOFT_KEY_TEMPLATE_RES: u32 = 0x0108;
    pub const SOFT_KEY_SET_RES: u32 = 0x0109;
    pub const SELECT_SOFT_KEYS: u32 = 0x0110;
    pub const CALL_STATE: u32 = 0x0111;
    pub const DISPLAY_PROMPT_STATUS: u32 = 0x0112;
    pub const DISPLAY_PROMPT_STATUS_V2: u32 = 0x0145;
    pub const CLEAR_PROMPT_STATUS: u32 = 0x0113;
    pub const DISPLAY_NOTIFY: u32 = 0x0114;
    pub const DISPLAY_NOTIFY_V2: u32 = 0x0143;
    pub const CLEAR_NOTIFY: u32 = 0x0115;
    pub const ACTIVATE_CALL_PLANE: u32 = 0x0116;
    pub const DEACTIVATE_CALL_PLANE: u32 = 0x0117;
    pub const UNREGISTER_ACK: u32 = 0x0118;
    pub const BACK_SPACE: u32 = 0x0119;
    pub const REGISTER_TOKEN_ACK: u32 = 0x011A;
    pub const REGISTER_TOKEN_REJECT: u32 = 0x011B;
    pub const DIALED_NUMBER: u32 = 0x011D;
    pub const FEATURE_STAT: u32 = 0x011F;
    pub const FEATURE_STAT_V2: u32 = 0x0146;
    pub const DISPLAY_PRI_NOTIFY: u32 = 0x0120;
    pub const DISPLAY_PRI_NOTIFY_V2: u32 = 0x0144;
    pub const CLEAR_PRI_NOTIFY: u32 = 0x0121;
}
